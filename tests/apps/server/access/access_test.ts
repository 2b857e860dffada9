import { assert, assertEquals, assertThrows } from "@std/assert";
import { openRegistry, type Registry, RegistryError } from "../../../../mod.ts";
import { allows, createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import type { TokenCheck } from "../../../../apps/server/access/token_file.ts";
import { createApp } from "../../../../apps/server/app.ts";

Deno.test("a scope gives one right to one name, or to what names begin with", () => {
  const scopes = ["read:team/*", "write:models:*", "read:data:raw"].map(parseScope);
  const may = (right: "read" | "write", ...names: string[]) =>
    names.map((name) => allows(scopes, right, name));
  assertEquals(may("read", "team/a", "team/", "data:raw"), [true, true, true]);
  assertEquals(may("read", "team", "teams/a", "data:raw2", "models:a", ""), [
    false,
    false,
    false,
    false,
    false,
  ]);
  assertEquals(may("write", "models:a", "team/a", "models", "Models:a"), [
    true,
    false,
    false,
    false,
  ]);
});

Deno.test("read:* reads everything and writes nothing; admin does all", () => {
  assertEquals(allows([parseScope("read:*")], "read", "x"), true);
  assertEquals(allows([parseScope("read:*")], "write", "x"), false);
  assertEquals(allows([parseScope("admin")], "write", "x"), true);
  assertEquals(allows([parseScope("metrics")], "read", "x"), false);
});

Deno.test("what is no scope is refused with examples", () => {
  for (const text of ["", "read", "read:", "delete:x", "read:a*b", "read:**", "ADMIN", " admin"]) {
    const error = assertThrows(() => parseScope(text), RegistryError, "as a scope");
    assertEquals(error.code, "Invalid", text);
  }
});

/** Takes what stands after `Bearer ` as the scopes, between commas. */
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
  const handler = createApp(registry, { tokens });
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

Deno.test("every route says who may call it", async () => {
  await using registry = await openRegistry("memory:");
  const { routes } = createApp(registry, {});
  const guarded = new Set(
    routes.filter(({ handler }) => "scope" in handler).map(({ method, path }) =>
      `${method} ${path}`
    ),
  );
  const all = new Set(
    routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`),
  );
  assertEquals([...all].filter((route) => !guarded.has(route)), []);
  assert(guarded.has("GET /names"));
});

Deno.test("listings show only names that may be read, in full pages", async () => {
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

Deno.test("without a token the answer is 401, with one that may not 403, and with one that is not known 401", async () => {
  const { registry, ask } = await served();
  await using _ = registry;
  const none = await ask("/names");
  assertEquals([none.status, none.headers.get("www-authenticate")], [
    401,
    'Bearer realm="holdfast"',
  ]);
  assertEquals((await none.json()).code, "Denied");
  assertEquals((await ask("/names", "write:*")).status, 403);
  const handler = createApp(registry, { tokens: { find: () => Promise.resolve(undefined) } });
  const headers = { authorization: "Bearer x" };
  const wrong = await handler(new Request("http://127.0.0.1/names", { headers }));
  assertEquals(wrong.status, 401);
  for (const path of ["/health", "/ready", "/openapi.json"]) {
    const open = await handler(new Request(`http://127.0.0.1${path}`, { headers }));
    assertEquals(open.status, 200, `${path} is open to everybody`);
    await open.body?.cancel();
  }
  assert(wrong.headers.get("www-authenticate")!.includes("invalid_token"));
});

Deno.test("what was probably meant is told to who may read it", async () => {
  const { registry, ask } = await served();
  await using _ = registry;
  const meantFor = async (scopes: string, path: string) => {
    const { suggestion, hint } = await (await ask(path, scopes)).json();
    return [suggestion, /Did you mean|team\/a/.test(hint)];
  };
  assertEquals(await meantFor("read:*", "/artifacts/team%2Fx/versions/latest"), ["team/a", true]);
  assertEquals(await meantFor("read:team/b,read:team/x", "/artifacts/team%2Fx/versions/1.0.0"), [
    undefined,
    false,
  ]);
});

Deno.test("a token without rights is refused by every route that is not open to all, whatever there is", async () => {
  const { registry, ask } = await served();
  await using _ = registry;
  const { routes } = createApp(registry, {});
  const open = new Set(["/health", "/ready", "/openapi.json"]);
  const handler = createApp(registry, { tokens });
  for (const { method, path } of routes) {
    if (method === "ALL" || open.has(path) || method === "OPTIONS") continue;
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
      assert(
        isAboutOther ? status === 403 : status !== 500,
        `${method} ${target} by ${scopes}: ${status}`,
      );
    }
  }
  assertEquals((await ask("/artifacts/other/versions", "read:other")).status, 200);
  assertEquals(
    (await ask("/artifacts/none/versions", "read:other")).status,
    403,
    "there is no such name, and it is not said",
  );
});
