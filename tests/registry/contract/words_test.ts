import { asMap } from "../../../registry/contract/map.ts";
import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { isRegistryError, RegistryError } from "../../../core/errors.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { diffVersions, openRegistry, readLog } from "../../../mod.ts";
import type { StoredRegistry } from "../../../mod.ts";
import { type Answer, type Call, createScriptedBackend } from "../scripted_backend.ts";

const CAUSE = { status: 403 };

/** The error of a driver whose store refuses a call. */
const refused: Answer = (_act, { verb, key }: Call) => {
  throw new RegistryError({
    code: "Denied",
    action: verb,
    subject: `"${key}"`,
    state: "the store denies it",
    place: 'bucket "b" at example.com',
    hint: "Ask for more rights.",
    key,
    backend: "s3://b",
    retry: "never",
    cause: CAUSE,
  });
};

async function failureOf(action: () => unknown): Promise<RegistryError> {
  try {
    const result = action();
    if (typeof result === "object" && result !== null && Symbol.asyncIterator in result) {
      for await (const _ of result as AsyncIterable<unknown>);
    } else await result;
  } catch (error) {
    assert(isRegistryError(error), String(error));
    return error;
  }
  throw new Error("nothing failed");
}

/** A registry with `model` whose store now refuses every call. */
async function refusing() {
  const backend = createScriptedBackend(createMemoryBackend());
  const registry = await openRegistry(backend, { cache: false });
  await registry.save("model", { depth: 12 });
  await registry.save("large", new Uint8Array(1_000_000));
  await registry.setAlias("model", "production", "1");
  return { backend, registry, refuse: () => backend.answerAll({}, refused) };
}

const VERBS: Record<string, (registry: StoredRegistry) => unknown> = {
  'save "model"': (registry) => registry.save("model", 2),
  'load "model@1"': (registry) => registry.load("model@1"),
  'download "model"': (registry) => registry.download("model", { to: "nowhere" }),
  'look up "model"': (registry) => registry.info("model"),
  'delete "model"': (registry) => registry.delete("model", { allVersions: true }),
  'set an alias of "model"': (registry) => registry.setAlias("model", "canary", "1"),
  'list aliases of "model"': (registry) => registry.aliases("model"),
  "list names": (registry) => registry.names(),
  'list versions of "model"': (registry) => registry.versions("model"),
  'copy "model"': (registry) => registry.copy("model", "copied"),
  "collect garbage": (registry) => collectGarbage(registry),
  "compare versions": (registry) => diffVersions(registry, { before: "large", after: "large" }),
  'list the log of "large"': (registry) => Array.fromAsync(readLog(registry, "large")),
};

for (const [words, run] of Object.entries(VERBS)) {
  Deno.test(`a refusal of the store is worded as: Cannot ${words}`, async () => {
    const { registry, refuse } = await refusing();
    refuse();
    const error = await failureOf(() => run(registry));
    assertEquals(error.message, `Cannot ${words}: the store denies it (bucket "b" at example.com)`);
    const { code, hint, key, backend, retry, cause } = error;
    assertEquals({ code, hint, backend, retry }, {
      code: "Denied",
      hint: "Ask for more rights.",
      backend: "s3://b",
      retry: "never",
    });
    assert(key !== undefined && !error.message.includes(key === "" ? "names/" : key));
    assertStrictEquals(cause, CAUSE);
  });
}

Deno.test("an opened version is named in errors of reading its files", async () => {
  const { registry, refuse } = await refusing();
  const file = (await registry.open("large")).files()[0];
  refuse();
  for (
    const read of [
      () => file.bytes(),
      () => file.stream(),
      () => file.stream({ offset: 10, length: 10 }),
    ]
  ) {
    assertMatch((await failureOf(read)).message, /^Cannot read "large@1.0.0": the store denies it/);
  }
});

Deno.test("a damaged record is reported by name", async () => {
  const { backend, registry } = await refusing();
  for await (const entry of backend.list("names/model/versions/")) {
    if ("key" in entry) await backend.put(entry.key, new TextEncoder().encode("damaged"));
  }
  const error = await failureOf(() => registry.load("model"));
  assertMatch(error.message, /^Cannot load "model": a record cannot be read: /);
  assertMatch(error.key!, /^names\/model\/versions\//);
  const [, [name, , told]] = await Array.fromAsync(asMap(registry).entries());
  assertEquals(name, "model");
  assertMatch(told!.message, /^Cannot load "model": a record cannot be read: /);
});

Deno.test("errors that are not about a stored object stay the same", async () => {
  const own = new RegistryError({
    code: "Unavailable",
    message: "Cannot reach bucket: nothing answers",
    key: "names/",
  });
  const ofDriver = new RegistryError({ // drivers may give only a message
    code: "Unavailable",
    message: 'Cannot list "names/": nothing answers',
    key: "names/",
  });
  for (const error of [own, ofDriver]) {
    const { backend, registry } = await refusing();
    backend.answerAll({}, () => {
      throw error;
    });
    assertStrictEquals(await failureOf(() => registry.names()), error);
  }
});
