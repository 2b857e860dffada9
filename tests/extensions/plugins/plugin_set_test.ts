import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import { Behavior, createPlugins, defineInterface } from "../../../extensions/plugins/mod.ts";
import type { Interface } from "../../../extensions/plugins/mod.ts";
import type { StandardSchema } from "../../../core/standard_schema.ts";

interface Teller {
  tell(): unknown;
}

const Teller: Interface<Teller> = defineInterface<Teller>("teller", { methods: ["tell"] });

const said = ({ code, message }: RegistryError) => `${code}: ${message}`;
const thrown = (run: () => unknown) => said(assertThrows(run, RegistryError));
const rejected = async (run: () => Promise<unknown>) =>
  said(await assertRejects(run, RegistryError));

function portSchema({ isSlow = false } = {}): StandardSchema<{ port: number; token?: string }> {
  const validate = (value: unknown) => {
    const { port, token } = value as { port: unknown; token?: string };
    if (Number(port) > 0) return { value: { port: Number(port), token } };
    return { issues: [{ message: `expected a port, not ${port} with ${token}`, path: ["port"] }] };
  };
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => isSlow ? Promise.resolve(validate(value)) : validate(value),
    },
  };
}

Deno.test("create() accepts functions, classes and promises", async () => {
  const plugins = createPlugins();
  plugins.register(Teller, "function", (config: { word: string }) => ({ tell: () => config.word }));
  plugins.register(
    Teller,
    "promise",
    (config: { word: string }) => Promise.resolve({ tell: () => config.word }),
  );
  plugins.register(
    Teller,
    "class",
    class {
      word: string;
      constructor(config: { word: string }) {
        this.word = config.word;
      }
      tell() {
        return this.word;
      }
    },
  );
  assertEquals(plugins.names(Teller), ["function", "promise", "class"]);
  for (const name of plugins.names(Teller)) {
    const one = await plugins.create(Teller, name, { word: "a" });
    const other = await plugins.create(Teller, name, { word: "b" });
    assertEquals([one.tell(), other.tell()], ["a", "b"]);
  }
});

Deno.test("taken and invalid names are refused", () => {
  const plugins = createPlugins();
  plugins.register(Teller, "one", () => ({ tell: () => 1 }));
  assertEquals(
    thrown(() => plugins.register(Teller, "one", () => ({ tell: () => 2 }))),
    'AlreadyExists: Cannot register plugin "one" of teller: the name is taken',
  );
  for (const name of ["", "a b", "-a", "a/b", "__proto__ ", 7]) {
    const register = () => plugins.register(Teller, name as string, () => ({ tell: () => 2 }));
    assertThrows(register, RegistryError, "invalid name");
  }
  assertEquals(
    thrown(() => plugins.register(Teller, "text", "minio" as never)),
    'Invalid: Cannot register plugin "text" of teller: a string is not a plugin source',
  );
});

Deno.test("a schema checks and converts settings", async () => {
  const plugins = createPlugins();
  for (const isSlow of [false, true]) {
    const name = isSlow ? "slow" : "quick";
    const create = (config: { port: number }) => ({ tell: () => config });
    plugins.register(Teller, name, {
      create,
      config: portSchema({ isSlow }),
      env: { port: "PORT" },
    });
    assertEquals((await plugins.create(Teller, name, { port: "80" })).tell(), {
      port: 80,
      token: undefined,
    });
    assertEquals(
      await rejected(() => plugins.create(Teller, name, { port: "x" })),
      `Invalid: Cannot create plugin "${name}" of teller: ` +
        "port: expected a port, not x with undefined",
    );
  }
});

Deno.test("no error shows a secret", async () => {
  const plugins = createPlugins();
  const secrets = ["token"];
  const aliases = { api_token: "token" };
  const create = ({ token }: { token?: string }) => {
    throw new Error(`refused ${token}`);
  };
  plugins.register(Teller, "checked", { create, config: portSchema(), secrets, aliases });
  const checked = await rejected(() => plugins.create(Teller, "checked", { api_token: "hunter2" }));
  assertEquals(
    checked,
    'Invalid: Cannot create plugin "checked" of teller: ' +
      "port: expected a port, not undefined with …",
  );
  assertEquals(
    await rejected(() => plugins.create(Teller, "checked", { port: 1, token: "hunter2" })),
    'TaskFailed: Cannot create plugin "checked" of teller: refused …',
  );
  for (const token of ["hunter2", "hunter/2 ?"]) {
    plugins.register(Teller, `deep ${token.length}`.replace(" ", ""), {
      secrets,
      create: ({ token }: { token: string }) => {
        throw Object.assign(new Error("refused"), {
          request: { url: `https://h/?t=${encodeURIComponent(token)}` },
        });
      },
    });
    const deep = await assertRejects(
      () => plugins.create(Teller, `deep${token.length}`, { token }),
      RegistryError,
    );
    assert(!Deno.inspect(deep, { depth: 20 }).includes("hunter"));
  }
  plugins.register(Teller, "open", {
    secrets,
    create() {
      throw new Error("the port is taken");
    },
  });
  const open = await assertRejects(
    () => plugins.create(Teller, "open", { token: "hunter2" }),
    RegistryError,
  );
  assertEquals((open.cause as Error).message, "the port is taken");
});

Deno.test("aliases of settings are accepted, but not twice", async () => {
  const plugins = createPlugins();
  plugins.register(Teller, "alias", {
    create: (config: object) => ({ tell: () => config }),
    aliases: { access_key: "accessKey" },
  });
  assertEquals((await plugins.create(Teller, "alias", { access_key: "a" })).tell(), {
    accessKey: "a",
  });
  assertEquals((await plugins.create(Teller, "alias", { accessKey: "a" })).tell(), {
    accessKey: "a",
  });
  assertEquals(
    await rejected(() => plugins.create(Teller, "alias", { access_key: "a", accessKey: "b" })),
    'Invalid: Cannot create plugin "alias" of teller: ' +
      "accessKey is given twice, also as access_key",
  );
});

Deno.test("objects with functions reach a plugin unchanged", async () => {
  class Own {
    calls = 0;
  }
  const counter = { calls: 0, count: () => void counter.calls++ };
  const schema = {
    kind: { name: "number" },
    get "~standard"() {
      return { owner: this };
    },
  };
  const plugins = createPlugins();
  const given = { counter, list: [schema], own: new Own(), data: { deep: [1] } };
  plugins.register(Teller, "given", (config: typeof given) => ({ tell: () => config }));
  plugins.register(Behavior, "given", () => ({ execute: (_next, _input, { config }) => config }));
  const told = (await plugins.create(Teller, "given", given)).tell() as typeof given;
  const heard = await plugins.createTask(() => given).addBehavior("given", given).submit();
  for (const config of [told, heard]) {
    assertStrictEquals(config.counter, counter);
    assertStrictEquals(config.list[0], schema);
    assertStrictEquals(config.own, given.own);
    assertNotStrictEquals(config.data.deep, given.data.deep);
    config.counter.count();
  }
  assertEquals(counter.calls, 2);
});

Deno.test("shared plugins are created once and closed with the set", async () => {
  const ended: string[] = [];
  const plugins = createPlugins();
  const create = ({ name }: { name: string }) => ({
    tell: () => name,
    [Symbol.asyncDispose]: () => Promise.resolve(void ended.push(name)),
  });
  plugins.register(Teller, "kept", create);
  const one = plugins.shared(Teller, "kept", { name: "a", more: { b: 1 } });
  assertStrictEquals(
    await plugins.shared(Teller, "kept", { more: { b: 1 }, name: "a" }),
    await one,
  );
  await plugins.shared(Teller, "kept", { name: "b" });
  const with_ = { name: "c", own: () => {} };
  assertNotStrictEquals(
    await plugins.shared(Teller, "kept", with_),
    await plugins.shared(Teller, "kept", with_),
    "settings that cannot be compared are not shared",
  );
  await plugins.create(Teller, "kept", { name: "mine" });
  await plugins[Symbol.asyncDispose]();
  assertEquals(ended, ["b", "a"]);
  await plugins[Symbol.asyncDispose]();
  assertEquals(ended, ["b", "a"]);
  for (const make of [plugins.create, plugins.shared]) {
    assertEquals(
      await rejected(() => make(Teller, "kept", { name: "d" })),
      'Invalid: Cannot create plugin "kept": its plugin set is closed',
    );
  }
});

Deno.test("a failed close does not keep other plugins open", async () => {
  const ended: string[] = [];
  const plugins = createPlugins();
  plugins.register(Teller, "kept", ({ name }: { name: string }) => ({
    tell: () => name,
    [Symbol.asyncDispose]() {
      ended.push(name);
      return name === "b" ? Promise.reject(new Error("stuck")) : Promise.resolve();
    },
  }));
  for (const name of ["a", "b"]) await plugins.shared(Teller, "kept", { name });
  await assertRejects(async () => await plugins[Symbol.asyncDispose](), Error, "stuck");
  assertEquals(ended, ["b", "a"]);
});
