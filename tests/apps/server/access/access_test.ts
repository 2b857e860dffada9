import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { createHandler } from "../../../../apps/server.ts";
import {
  createMemoryBackend,
  openRegistry,
  type Registry,
  RegistryError,
} from "../../../../mod.ts";
import { withHooks } from "../../../registry/with_hooks.ts";
import {
  createAccess,
  parseScope,
  readableNames,
  readablePages,
  type Right,
} from "../../../../apps/server/access/access.ts";
import type { TokenCheck } from "../../../../apps/server/access/token_file.ts";
import { createApp } from "../../../../apps/server/app.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { pipelines } from "../../../../operators/surface/pipelines.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";

Deno.test("a scope gives one right on a name or a prefix", () => {
  const readable = (scopes: string[], right: Right, names: string[]) =>
    names.filter((name) => createAccess("me", scopes.map(parseScope)).may(right, name));
  const scopes = ["read:team/*", "write:models:*", "read:data:raw"];
  const names = ["team/a", "team/", "data:raw", "team", "teams/a", "data:raw2", "models:a", ""];
  assertEquals(readable(scopes, "read", names), ["team/a", "team/", "data:raw"]);
  assertEquals(readable(scopes, "delete", [...names, "models", "Models:a"]), ["models:a"]);
  assertEquals(readable(["read:*"], "read", ["x"]), ["x"]);
  assertEquals(readable(["read:*", "metrics"], "save", ["x"]), []);
  assertEquals(readable(["admin"], "move", ["x"]), ["x"]);
  assertEquals(readable(["metrics"], "read", ["x"]), []);
});

Deno.test("files of a version with hidden inputs can be read if its object is an instance of a class", async () => {
  await using registry = await openRegistry("memory:");
  for (const name of ["shown", "hidden"]) await registry.save(name, 1);
  await registry.save("model", 2, { inputs: ["shown@1", "hidden@1"] });
  const opened = await registry.open("model");
  class OfClass {
    readonly info = opened.info;
    file(path?: string) {
      return opened.file(path);
    }
    files() {
      return opened.files();
    }
  }
  async function* pages() {
    yield await Promise.resolve(new OfClass());
  }
  const access = createAccess("me", ["read:shown", "read:model"].map(parseScope));
  const file = () => Promise.resolve(opened.file());
  const version = readablePages({ info: opened.info, count: 1, pages, file }, access);
  for await (const page of version.pages()) {
    assertEquals(page.info.inputs.length, 1);
    assertEquals(page.files().map(({ info }) => info.path), ["data.json"]);
    assertEquals(await page.file().bytes(), await opened.file().bytes());
  }
});

/** No name can match these. */
const NO_NAMES = ["read:a@1", "read: a", "write:a ", "write: *", "read:a\n*"];

Deno.test("an invalid scope is refused", () => {
  for (
    const text of [
      "",
      "read",
      "read:",
      "move",
      "save:",
      "remove:x",
      "read:a*b",
      "read:**",
      "ADMIN",
      " admin",
      ...NO_NAMES,
    ]
  ) {
    assertEquals(assertThrows(() => parseScope(text), RegistryError).code, "Invalid", text);
  }
});

/** Uses the text after `Bearer ` as scopes, separated by commas. */
const tokens: TokenCheck = {
  find(authorization) {
    const text = /^Bearer (.+)$/.exec(authorization ?? "")?.[1];
    return Promise.resolve(
      text === undefined ? undefined : createAccess("me", text.split(",").map(parseScope)),
    );
  },
};

async function served(): Promise<
  { registry: Registry; ask: (path: string, scopes?: string) => Promise<Response> }
> {
  const registry = await openRegistry("memory:");
  for (const name of ["team/a", "team/b", "other", "models:x"]) await registry.save(name, { name });
  const handler = createApp(registry, { tokens, gateways: [pipelines] });
  return {
    registry,
    ask: (path, scopes) =>
      handler(
        new Request(`http://127.0.0.1${path}`, {
          headers: scopes ? { authorization: `Bearer ${scopes}` } : {},
        }),
      ),
  };
}

Deno.test("listings have full pages of readable names", async () => {
  const { registry, ask } = await served();
  await using _ = registry;
  const names = async (scopes: string, query = "") =>
    await (await ask(`/names${query}`, scopes)).json();
  assertEquals(await names("read:team/*"), { items: ["team/a", "team/b"] });
  assertEquals((await names("read:*")).items.length, 4);
  assertEquals(await names("read:team/*", "?limit=1"), { items: ["team/a"], next: "team/a" });
  assertEquals(await names("read:team/*", "?limit=1&after=team/a"), { items: ["team/b"] });
  assertEquals(await names("read:none"), { items: [] });
});

Deno.test("requests are 401 without a valid token and 403 without the right", async () => {
  const { registry, ask } = await served();
  await using _ = registry;
  const none = await ask("/names");
  assertEquals(none.status, 401);
  assertEquals(none.headers.get("www-authenticate"), 'Bearer realm="holdfast"');
  assertEquals((await none.json()).code, "Denied");
  assertEquals((await ask("/names", "write:*")).status, 403);
  const handler = createApp(registry, { tokens: { find: () => Promise.resolve(undefined) } });
  const headers = { authorization: "Bearer x" };
  const wrong = await handler(new Request("http://127.0.0.1/names", { headers }));
  assertEquals(wrong.status, 401);
  for (const path of ["/health", "/ready", "/openapi.json", "/", "/docs", "/sign-in"]) {
    const open = await handler(new Request(`http://127.0.0.1${path}`, { headers }));
    assertEquals(open.status, 200, `${path} is open`);
    await open.body?.cancel();
  }
  assert(wrong.headers.get("www-authenticate")!.includes("invalid_token"));
});

Deno.test("suggestions contain only readable names", async () => {
  const { registry, ask } = await served();
  await using _ = registry;
  const meantFor = async (scopes: string, path: string) => {
    const { suggestion, hint } = await (await ask(path, scopes)).json();
    return [suggestion, /Did you mean|team\/a/.test(hint)];
  };
  assertEquals(await meantFor("read:*", "/artifacts/team%2Fx/versions/latest"), ["team/a", true]);
  const hidden = await meantFor("read:team/b,read:team/x", "/artifacts/team%2Fx/versions/1.0.0");
  assertEquals(hidden, [undefined, false]);
});

Deno.test("every route that is not open refuses a token without rights", async () => {
  const { registry, ask } = await served();
  await using _ = registry;
  await using queue = createMemoryQueue();
  const gateways = [createJobsGateway(queue), pipelines];
  const { routes } = createApp(registry, { gateways });
  const open = new Set(["/health", "/ready", "/openapi.json", "/", "/docs", "/sign-in"]);
  const handler = createApp(registry, { tokens, gateways });
  for (const { method, path } of routes) {
    if (open.has(path) || method === "OPTIONS") continue;
    const target = path.replace(
      /:(\w+)(\{[^}]*\})?/g,
      (_, key) => key === "name" ? "other" : "1.0.0",
    );
    for (const scopes of ["read:none", "write:none"]) {
      const request = new Request(`http://127.0.0.1${target}`, {
        method,
        headers: { authorization: `Bearer ${scopes}` },
      });
      const { status } = await handler(request);
      const isAboutOther = path.includes(":name") || path === "/metrics";
      const isRefused = isAboutOther ? status === 403 : status !== 500;
      assert(isRefused, `${method} ${target} by ${scopes}: ${status}`);
    }
  }
  assertEquals((await ask("/artifacts/other/versions", "read:other")).status, 200);
  assertEquals((await ask("/artifacts/none/versions", "read:other")).status, 403); // not 404
});

Deno.test("readable names are those of all names, and others are not listed", async () => {
  const listed: string[] = [];
  const backend = withHooks(createMemoryBackend(), {
    before: ({ verb, key }) => void (verb === "list" && listed.push(key)),
  });
  await using registry = await openRegistry(backend);
  const names = ["a", "a-b", "a/b", "ab", "con", "con-x", "Con", "team/a", "team/b:run", "Ä", "Äb"];
  for (const name of names) await registry.save(name, 1);
  const all = await Array.fromAsync(registry.names());
  const name = fc.constantFrom(...names, "", "a/", "te", "x", "c", "team/", "con=");
  const scope = fc.tuple(name.filter((text) => text !== ""), fc.constantFrom("", "*"));
  const asked = fc.record({
    scopes: fc.array(scope, { maxLength: 5 }),
    prefix: name,
    after: fc.option(fc.constantFrom(...names), { nil: undefined }),
    limit: fc.integer({ min: 0, max: 6 }),
  });
  await fc.assert(fc.asyncProperty(asked, async ({ scopes, prefix, after, limit }) => {
    const access = createAccess(
      "me",
      scopes.map(([name, end]) => parseScope(`read:${name}${end}`)),
    );
    const expected = all.slice(after === undefined ? 0 : all.indexOf(after) + 1)
      .filter((name) => name.startsWith(prefix) && access.may("read", name)).slice(0, limit);
    const options = { prefix, after, limit };
    assertEquals(await Array.fromAsync(readableNames(registry, access, options)), expected);
  }));
  const admin = createAccess("root", [{ kind: "admin" }]);
  assertEquals(await Array.fromAsync(readableNames(registry, admin)), all);

  await using handler = createHandler(registry, {
    gateways: [hub, pipelines],
    tokens: { find: () => Promise.resolve(createAccess("me", [parseScope("read:team/a")])) },
  });
  const headers = { authorization: "Bearer x" };
  for (
    const path of ["/names", "/runs", "/runs?pipeline=x", "/api/models", "/api/models?author=team"]
  ) {
    listed.length = 0;
    const answer = await handler(new Request(`http://localhost${path}`, { headers }));
    assertEquals(answer.status, 200);
    const isOwn = (key: string) => key.startsWith("names/team=2fa/");
    assertEquals(listed.filter((key) => !isOwn(key) && !key.startsWith("settings/")), [], path);
  }
});

Deno.test("a refused restore is named as one", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry, {
    tokens: { find: () => Promise.resolve(createAccess("me", [parseScope("read:*")])) },
  });
  const request = new Request("http://localhost/artifacts/a/versions/1.0.0/undelete", {
    method: "POST",
    headers: { authorization: "Bearer x" },
  });
  const answer = await handler(request);
  const { detail } = await answer.json();
  assertEquals([answer.status, /Cannot undelete "a"/.test(detail)], [403, true], detail);
});
