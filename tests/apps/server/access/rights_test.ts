// The rights of each scope, on every route and through the client.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import {
  createMemoryBackend,
  openRegistry,
  publishRelease,
  type Registry,
} from "../../../../mod.ts";
import {
  createAccess,
  isChange,
  parseScope,
  type Right,
} from "../../../../apps/server/access/access.ts";
import type { TokenCheck } from "../../../../apps/server/access/token_file.ts";
import { createApp } from "../../../../apps/server/app.ts";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { rejected } from "../../../registry/rejected.ts";
import { dav } from "../../../../extensions/gateways/dav/dav.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { mcp } from "../../../../extensions/gateways/mcp/mcp.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";

/** Uses the text after `Bearer ` as scopes, separated by commas, and as the id of the token. */
const tokens: TokenCheck = {
  find(authorization) {
    const [, text = ""] = /^Bearer (.+)$/.exec(authorization ?? "") ?? [];
    const author = { name: text, token: text };
    return Promise.resolve(createAccess(text, text.split(",").map(parseScope), { author }));
  },
};

const GRANTS: Record<string, readonly Right[]> = {
  read: ["read"],
  save: ["save"],
  move: ["move"],
  delete: ["delete"],
  promote: ["move"],
  write: ["save", "move", "delete"],
  admin: ["read", "save", "move", "delete"],
};

Deno.test("every route of a name asks for its right on that name", async () => {
  await using registry = await openRegistry("memory:");
  const app = createApp(registry, { tokens, gateways: [hub, dav, mcp] });
  const tried = new Map<string, number>();
  for (const { method, path, scope } of app.routes) {
    if (!path.includes(":name") || scope === "open" || scope === "metrics") continue;
    const target = path.replace(
      /:(\w+)(\{[^}]*\})?/g,
      (_, key) => key === "name" ? "team%2Fmodel" : "1.0.0",
    );
    const ask = async (scopes: string) => {
      const headers = { authorization: `Bearer ${scopes}` };
      const answer = await app(new Request(`http://localhost${target}`, { method, headers }));
      if (answer.ok) { // some have no end
        await answer.body?.cancel();
        return { status: answer.status };
      }
      const text = await answer.text();
      assert(answer.status < 500, `${method} ${path}: ${text}`);
      const [, missing] = /a token with the scope (\w+)/.exec(text) ?? [];
      return { status: answer.status, missing };
    };
    for (const [kind, rights] of Object.entries(GRANTS)) {
      const mayUse = kind === "admin" || rights.some((right) => right === scope);
      for (const pattern of kind === "admin" ? [""] : [":team/model", ":team/*", ":*"]) {
        const { status, missing } = await ask(`${kind}${pattern}`);
        const what = `${method} ${path} by ${kind}${pattern}: ${status}, ${missing}`;
        // Rights of the content, such as a force, are asked for after the route's own.
        if (mayUse) assert(status !== 403 || missing !== scope, what);
        else assertEquals([status, missing], [403, scope], what);
      }
      if (kind === "admin") continue;
      for (const pattern of [":team", ":team/model2", ":team/model/*", ":other"]) {
        const { status } = await ask(`${kind}${pattern}`);
        assertEquals(status, 403, `${method} ${path} by ${kind}${pattern}`);
      }
    }
    tried.set(scope, (tried.get(scope) ?? 0) + 1);
  }
  for (const right of ["read", "save", "move", "delete"]) {
    assert((tried.get(right) ?? 0) >= 3, `${right}: ${tried.get(right)} routes`);
  }
});

Deno.test("no route that changes something asks only for the right to read", async () => {
  await using registry = await openRegistry("memory:");
  await using queue = createMemoryQueue();
  const gateways = [createJobsGateway(queue), hub, dav, mcp];
  const { routes } = createApp(registry, { tokens, gateways });
  const others = routes.filter(({ method, scope }) =>
    !["GET", "PROPFIND", "OPTIONS"].includes(method) && !isChange(scope) && scope !== "admin"
  );
  assertEquals(
    others.map(({ method, path }) => `${method} ${path}`).sort(),
    [
      "PATCH /artifacts/:name/versions/:version/annotations", // `move`, or `save` of an own version
      "POST /artifacts/:name/versions/:version/copy", // saves another name, which it checks
      "POST /mcp", // each call is a request to another route
      ...others.filter(({ method, path }) =>
        method === "POST" && /paths-info|\/diff|\/search/.test(path)
      ).map(({ method, path }) => `${method} ${path}`),
      ...others.filter(({ path, method }) => method === "PUT" && path === "/uploads/:upload")
        .map(({ method, path }) => `${method} ${path}`), // the URL grants it
    ].sort(),
  );
});

Deno.test("an upload sets an alias only with the right to move", async () => {
  await using store = await openRegistry("memory:");
  const app = createApp(store, { tokens });
  const upload = async (scopes: string, query: string, fields: Record<string, string> = {}) => {
    const body = new FormData();
    for (const [name, value] of Object.entries({ name: "m", ...fields })) body.set(name, value);
    body.set("file", new File(["1"], "a.txt"));
    const headers = { authorization: `Bearer ${scopes}` };
    const request = new Request(`http://localhost/upload?${query}`, {
      method: "POST",
      headers,
      body,
    });
    const answer = await app(request);
    await answer.body?.cancel();
    return answer.status;
  };
  assertEquals(await upload("save:m", "alias=production"), 403);
  assertEquals(await upload("save:m", "", { alias: "production" }), 403);
  assertEquals(await upload("save:m", ""), 201);
  assertEquals(await upload("save:m,move:m", "", { alias: "production" }), 201);
  const versions = await Array.fromAsync(store.versions("m"), ({ version }) => version);
  assertEquals(versions, ["2.0.0", "1.0.0"]);
});

async function served(): Promise<{ store: Registry; as(scopes: string): Promise<Registry> }> {
  const store = await openRegistry(createMemoryBackend(), { mutable: true });
  const app = createApp(store, { tokens });
  const as = (token: string) =>
    openHttpRegistry("http://localhost", {
      token,
      fetch: (request) => app(request),
    });
  return { store, as };
}

const denied = async (scope: string, change: Promise<unknown>) => {
  const { hint = "" } = await rejected("Denied", change);
  assertMatch(hint, new RegExp(`scope ${scope}`));
};

Deno.test("`save` adds versions, and notes those of the same token", async () => {
  const { store, as } = await served();
  await using _ = store;
  await store.save("m", 1);
  const alice = await as("save:m,read:m"), eve = await as("save:m,read:m,save:none");
  const { version } = await alice.save("m", 2);
  assertEquals(version, "2.0.0");
  assertEquals((await annotate(alice, "m@2.0.0", { notes: "good" })).notes, "good");
  assertEquals((await annotate(alice, "m@latest", { notes: "better" })).notes, "better");
  await denied("move:m", annotate(eve, "m@2.0.0", { notes: "bad" }));
  await denied("move:m", annotate(alice, "m@1.0.0", { notes: "bad" }));
  await denied("move:m", annotate(alice, "m", { notes: "bad" }));
  await denied("move:m", alice.setAlias("m", "production", "2.0.0"));
  await denied("move:m", alice.save("m", 3, { alias: "production" }));
  const draft = await alice.openDraft("m", { id: "1" });
  await draft.addFile("a.txt", new Uint8Array(1));
  await denied("move:m", draft.commit({ alias: "production" }));
  await denied("move:m", publishRelease(alice, "m", { a: "m@1.0.0" }));
  await denied("delete:m", alice.delete("m@2.0.0"));
  await denied("delete:m", alice.save("m", 3, { version: "2.0.0", onConflict: "overwrite" }));
  const { commit } = await alice.info("m@2.0.0");
  await denied("delete:m", alice.save("m", 3, { version: "2.0.0", ifCommit: commit }));
  await denied("save:n", alice.copy("m@1.0.0", "n"));
  await denied("delete:m", alice.copy("m@1.0.0", "m@2.0.0", { onConflict: "overwrite" }));
  const found = (await Array.fromAsync(store.versions("m"))).map(({ version }) => version);
  assertEquals(found, ["2.0.0", "1.0.0"]);
  assertEquals(await Array.fromAsync(store.aliases("m")), []);
});

Deno.test("`move` moves aliases and adds releases, and saves and deletes nothing", async () => {
  const { store, as } = await served();
  await using _ = store;
  await store.save("m", 1);
  await store.save("m", 2);
  const bob = await as("move:m,read:m");
  await bob.setAlias("m", "production", "1.0.0");
  await bob.setAlias("m", "production", "2.0.0");
  assertEquals((await bob.rollbackAlias("m", "production")).version, "1.0.0");
  assertEquals((await annotate(bob, "m@1.0.0", { notes: "checked" })).notes, "checked");
  assertEquals((await annotate(bob, "m", { notes: "of all" })).notes, "of all");
  assert(await bob.deleteAlias("m", "production"));
  await denied("save:m", bob.save("m", 3));
  await denied("delete:m", bob.delete("m@1.0.0"));
  await denied("save:r", publishRelease(bob, "r", { a: "m@1.0.0" }));
  const carol = await as("move:r,save:r,read:*");
  await publishRelease(carol, "r", { a: "m@1.0.0" });
  const dora = await as("save:s,read:*");
  await denied("move:s", dora.copy("r", "s"));
});

Deno.test("`delete` deletes and restores, but moves no alias by force", async () => {
  const { store, as } = await served();
  await using _ = store;
  for (const value of [1, 2, 3]) await store.save("m", value);
  await store.setAlias("m", "production", "2.0.0");
  const dan = await as("delete:m,read:m");
  assert(await dan.delete("m@1.0.0"));
  await rejected("Conflict", dan.delete("m@2.0.0"));
  await denied("move:m", dan.delete("m@2.0.0", { force: true }));
  await denied("move:m", dan.delete("m", { allVersions: true, force: true }));
  assertEquals((await dan.undelete("m@1.0.0")).version, "1.0.0");
  await denied("save:m", dan.save("m", 4));
  await denied("move:m", dan.setAlias("m", "production", "1.0.0"));
});

Deno.test("`write` does what all three do", async () => {
  const { store, as } = await served();
  await using _ = store;
  const erin = await as("write:m,read:m");
  await erin.save("m", 1, { alias: "production" });
  await erin.save("m", 2, { version: "1.0.0", onConflict: "overwrite" });
  await publishRelease(erin, "m", { a: "m@1.0.0" }, { version: "2.0.0" });
  assert(await erin.delete("m@1.0.0", { force: true }));
  assertEquals((await erin.undelete("m@1.0.0")).version, "1.0.0");
});

Deno.test("`promote` moves protected aliases, and only `admin` forces a protected name", async () => {
  const { store, as } = await served();
  await using _ = store;
  for (const value of [1, 2, 3]) await store.save("m", value);
  await changeRules(store, { set: { pattern: "m", protectAliases: ["production"] } });
  const force = true;
  const erin = await as("write:m,read:m"), bob = await as("promote:m,read:m");
  await rejected("Conflict", erin.setAlias("m", "production", "1.0.0"));
  await denied("promote:m", erin.setAlias("m", "production", "1.0.0", { force }));
  await rejected("Conflict", bob.setAlias("m", "production", "1.0.0"));
  await bob.setAlias("m", "production", "1.0.0", { force });
  await bob.setAlias("m", "production", "2.0.0", { force });
  await denied("promote:m", erin.rollbackAlias("m", "production", { force }));
  assertEquals((await bob.rollbackAlias("m", "production", { force })).version, "1.0.0");
  await denied("promote:m", erin.deleteAlias("m", "production", { force }));
  await denied("promote:m", erin.delete("m@1.0.0", { force }));
  assert(await bob.deleteAlias("m", "production", { force }));
  await bob.setAlias("m", "canary", "1.0.0");
  await denied("save:m", bob.save("m", 4));
  await changeRules(store, { set: { pattern: "m", protect: true } });
  await rejected("Conflict", erin.delete("m@2.0.0"));
  await denied("admin", erin.delete("m@2.0.0", { force }));
  await denied("admin", erin.delete("m", { allVersions: true, force }));
  assert(await (await as("admin")).delete("m@2.0.0", { force }));
});
