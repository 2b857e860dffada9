// The audit trail of a service.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type AuditEntry, createAuditFile, createHandler } from "../../../../apps/server.ts";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { createMemoryBackend, openRegistry, type Registry } from "../../../../mod.ts";
import { createAccess, everything, parseScope } from "../../../../apps/server/access/access.ts";
import { Answer } from "../../../../apps/server/answer.ts";
import { createApp } from "../../../../apps/server/app.ts";
import { AuditTrail } from "../../../../apps/server/memory/audit_trail.ts";
import { Audit } from "../../../../apps/server/observe/audit.ts";
import { realSystem, silentLogger } from "../../../../core/system.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { rejected } from "../../../registry/rejected.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { mcp } from "../../../../extensions/gateways/mcp/mcp.ts";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";

const tokens = {
  find(authorization: string | null) {
    const [, text] = /^Bearer (.+)$/.exec(authorization ?? "") ?? [];
    if (text === undefined || text === "wrong") return Promise.resolve(undefined);
    const author = { name: `who has ${text}`, token: text };
    return Promise.resolve(createAccess(text, text.split(",").map(parseScope), { author }));
  },
};

type Sink = (entry: AuditEntry) => void | Promise<void>;

async function served(audit: Sink, given?: Registry) {
  const registry = given ?? await openRegistry(createMemoryBackend());
  const handler = createHandler(registry, { tokens, audit, gateways: [hub, mcp] });
  const info = { remoteAddr: { hostname: "192.0.2.7" } };
  const as = (token: string) =>
    openHttpRegistry("http://localhost", {
      token,
      retryForMs: 0,
      fetch: (request) => handler(request, info),
    });
  const ask = async (path: string, token: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await handler(
      new Request(`http://localhost${path}`, { headers, ...init }),
      info,
    );
    await answer.text(); // an answer of MCP ends with its call
    return answer.status;
  };
  return { registry, as, ask, handler };
}

Deno.test("each change and each refused request has an entry, and reads have none", async () => {
  const entries: AuditEntry[] = [];
  const { registry, as, ask } = await served((entry) => void entries.push(entry));
  const alice = await as("write:m,read:m");
  entries.length = 0;
  await alice.save("m", 1);
  await alice.setAlias("m", "production", "1.0.0");
  await alice.load("m@production");
  await alice.delete("m@1.0.0", { dryRun: true }).catch(() => {});
  await alice.save("other", 1).catch(() => {});
  assertEquals(await ask("/names", "wrong"), 401);
  assertEquals(await ask("/artifacts/secret/versions", "read:m"), 403);
  const message = {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "set_alias", arguments: { name: "m", alias: "canary", version: "1.0.0" } },
  };
  const headers = {
    authorization: "Bearer write:m,read:m",
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  };
  await ask("/mcp", "", { method: "POST", headers, body: JSON.stringify(message) });
  const author = { name: "who has write:m,read:m", token: "write:m,read:m" };
  const shown = entries.map(({ at, request, bytes: _, address, by, ...rest }) => {
    assertMatch(at, /^\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z$/);
    assertEquals([request.length > 0, address], [true, "192.0.2.7"]);
    return { by: by?.token, ...rest };
  });
  const version = "/artifacts/:name/versions/:version";
  const by = author.token;
  assertEquals(shown.filter(({ status }) => status !== 204), [
    {
      by,
      method: "POST",
      route: "/artifacts/:name/versions",
      name: "m",
      version: "1.0.0",
      aliases: undefined,
      status: 201,
      outcome: "done",
    },
    {
      by,
      method: "PUT",
      route: "/artifacts/:name/aliases/:alias",
      name: "m",
      version: "1.0.0",
      aliases: ["production"],
      status: 200,
      outcome: "done",
    },
    {
      by,
      method: "DELETE",
      route: version,
      name: "m",
      version: "1.0.0",
      aliases: undefined,
      dryRun: true,
      status: 409,
      outcome: "refused",
    },
    {
      by,
      method: "POST",
      route: "/artifacts/:name/versions",
      name: "other",
      version: undefined,
      aliases: undefined,
      status: 403,
      outcome: "refused",
    },
    {
      by: undefined,
      method: "GET",
      route: "/names",
      name: undefined,
      version: undefined,
      aliases: undefined,
      status: 401,
      outcome: "refused",
    },
    {
      by: "read:m",
      method: "GET",
      route: "/artifacts/:name/versions",
      name: "secret",
      version: undefined,
      aliases: undefined,
      status: 403,
      outcome: "refused",
    },
    {
      by,
      method: "PUT",
      route: "/artifacts/:name/aliases/:alias",
      name: "m",
      version: "1.0.0",
      aliases: ["canary"],
      status: 200,
      outcome: "done",
    },
  ]);
  const aliases = await Array.fromAsync(registry.aliases("m"));
  assertEquals(aliases.map(({ alias }) => alias), ["canary", "production"]);
});

Deno.test("saves have the aliases that they set, also drafts, uploads and refused ones", async () => {
  const entries: AuditEntry[] = [];
  const { as, ask } = await served((entry) => void entries.push(entry));
  const alice = await as("write:m,read:m");
  await alice.save("m", 1, { alias: ["a", "b"] });
  const draft = await alice.openDraft("m", { id: "d" });
  await draft.addPart("1", [{ path: "x", content: new Uint8Array(1) }]);
  await draft.commit({ alias: "c" });
  assertEquals(await ask("/upload?name=m&alias=d", "write:m", { method: "POST", body: "x" }), 201);
  assertEquals(await ask("/upload?name=m&alias=e", "save:m", { method: "POST", body: "x" }), 403);
  const named = entries.filter(({ aliases, dryRun }) => aliases !== undefined && !dryRun);
  assertEquals(named.map(({ aliases, status }) => [aliases, status]), [
    [["a", "b"], 201],
    [["c"], 201],
    [["d"], 201],
    [["e"], 403],
  ]);
});

Deno.test("a repository of the Hub that is created with files has its name and version", async () => {
  const entries: AuditEntry[] = [];
  const { ask } = await served((entry) => void entries.push(entry));
  const files = [{ path: "README.md", content: btoa("# hi"), encoding: "base64" }];
  const create = (organization: string, token: string) => {
    const body = JSON.stringify({ name: "mnist", organization, type: "model", files });
    return ask("/api/repos/create", token, { method: "POST", body });
  };
  assertEquals(await create("team", "save:*,read:*"), 200);
  assertEquals(await create("other", "save:team/*,read:*"), 403);
  assertEquals(entries.map(({ name, version, outcome }) => [name, version, outcome]), [
    ["team/mnist", "1.0.0", "done"],
    ["other/mnist", undefined, "refused"],
  ]);
});

Deno.test("a query does not mark a change as a dry run", async () => {
  const entries: AuditEntry[] = [];
  const { registry, ask } = await served((entry) => void entries.push(entry));
  await registry.save("m", 1);
  const body = JSON.stringify({ version: "1.0.0" });
  const path = "/artifacts/m/aliases/production?dryRun=true";
  assertEquals(await ask(path, "move:m", { method: "PUT", body }), 200);
  assertEquals(
    await ask("/artifacts/m/versions/1.0.0?dryRun=true", "delete:m", { method: "DELETE" }),
    409,
  );
  assertEquals(entries.map(({ dryRun }) => dryRun), [undefined, true]);
});

Deno.test("changes wait while missing entries are written, and are refused with them", async () => {
  const entries: AuditEntry[] = [];
  let isFull = true;
  const sink = async (entry: AuditEntry) => {
    await Promise.resolve();
    if (isFull) throw new Error("no space left on device");
    entries.push(entry);
  };
  const audit = new Audit(new AuditTrail(sink), { system: realSystem, logger: silentLogger });
  const request = new Request("http://localhost/artifacts/m/aliases/a", { method: "PUT" });
  const info = { requestId: "1", access: everything };
  await rejected("Unknown", audit.write(request, info, new Answer(null)));
  const both = () => Promise.allSettled([1, 2].map(() => audit.admit(request, info)));
  assertEquals((await both()).map(({ status }) => status), ["rejected", "rejected"]);
  isFull = false;
  assertEquals((await both()).map(({ status }) => status), ["fulfilled", "fulfilled"]);
  assertEquals(entries.length, 1);
});

Deno.test("while entries cannot be written, changes are refused and reads are answered", async () => {
  const entries: AuditEntry[] = [];
  let isFull = false;
  const { registry, as } = await served((entry) => {
    if (isFull) throw new Error("no space left on device");
    entries.push(entry);
  });
  const alice = await as("write:m,read:m");
  await alice.save("m", 1);
  entries.length = 0;
  isFull = true;
  await rejected("Unknown", alice.setAlias("m", "a", "1.0.0"), /not in the audit trail/);
  await rejected("Unavailable", alice.setAlias("m", "b", "1.0.0"), /cannot be written/);
  await rejected("Unavailable", alice.deleteAlias("m", "a"), /cannot be written/);
  assertEquals(await alice.load("m"), 1);
  const present = await Array.fromAsync(registry.aliases("m"));
  assertEquals(present.map(({ alias }) => alias), ["a"]);
  isFull = false;
  await alice.setAlias("m", "c", "1.0.0");
  const done = entries.filter(({ outcome }) => outcome === "done");
  assertEquals(
    done.flatMap(({ aliases = [] }) => aliases),
    ["a", "c"],
    "also the one that was late",
  );
});

testInRoot("a file has one JSON object in each line, also when it is moved away", async (root) => {
  const file = root.join("audit.jsonl");
  const { as } = await served(createAuditFile(file));
  const alice = await as("write:m,read:m");
  const saves = Array.from({ length: 20 }, (_, n) => alice.save("m", n));
  await Promise.all(saves);
  await Deno.rename(file, root.join("audit.1"));
  await alice.setAlias("m", "production", "1.0.0");
  const linesOf = async (path: string) =>
    (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));
  const saved = (await linesOf(root.join("audit.1"))).filter(({ status }) => status === 201);
  const versions = saved.map(({ version }) => parseInt(version)).sort((a, b) => a - b);
  assertEquals(versions, Array.from({ length: 20 }, (_, n) => n + 1));
  const [{ aliases, by }, ...others] = await linesOf(file);
  assertEquals([aliases, by.name, others], [["production"], "who has write:m,read:m", []]);
  if (Deno.build.os !== "windows") assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
});

Deno.test("an entry has every parameter of the path of a change, and the rule that it sets", async () => {
  const entries: AuditEntry[] = [];
  const registry = await openRegistry(createMemoryBackend());
  const jobs = createMemoryQueue();
  const audit = (entry: AuditEntry) => void entries.push(entry);
  const app = createApp(registry, { audit, gateways: [createJobsGateway(jobs)] });
  const changes = app.routes.filter(({ method, path }) =>
    method !== "GET" && !/^\/(uploads|contents|mcp|upload)\b/.test(path)
  );
  for (const { method, path } of changes) {
    const valueOf: Record<string, string> = { version: "7.7.7", run: "nightly@7" };
    const names = Array.from(path.matchAll(/:(\w+)/g), ([, name = ""]) => name);
    const values = names.map((name) => valueOf[name] ?? `one-${name}`);
    const asked = path.replace(/:(\w+)/g, (_, name) => valueOf[name] ?? `one-${name}`);
    entries.length = 0;
    await (await app(new Request(`http://localhost${asked}`, { method }))).text();
    const shown = JSON.stringify(entries);
    for (const value of values) assert(shown.includes(`"${value}"`), `${method} ${path}: ${shown}`);
  }
  assert(changes.some(({ path }) => path.includes(":job")));
  const body = JSON.stringify({ set: { pattern: "m:*", keepLast: 3 } });
  const headers = { "content-type": "application/json" };
  await (await app(new Request("http://localhost/rules", { method: "PATCH", headers, body })))
    .text();
  assertEquals(entries.at(-1)?.rule, "m:*");
});

Deno.test("an entry of a refused request has the repository of the Hub that it names", async () => {
  const entries: AuditEntry[] = [];
  const registry = await openRegistry(createMemoryBackend());
  const audit = (entry: AuditEntry) => void entries.push(entry);
  const app = createApp(registry, { audit, tokens, gateways: [hub] });
  const ofRepositories = app.routes.filter(({ path }) => path.includes(":repo"));
  for (const { method, path } of ofRepositories) {
    const asked = path.replace(/:path\{.*\}/, "a").replace(/:(\w+)/g, (_, name) => `one-${name}`);
    for (const [token, status] of [["metrics", 403], ["wrong", 401]] as const) {
      entries.length = 0;
      const headers = { authorization: `Bearer ${token}` };
      await (await app(new Request(`http://localhost${asked}`, { method, headers }))).text();
      const expected = path.includes(":org") ? "one-org/one-repo" : "one-repo";
      const [entry] = entries;
      assertEquals([entry?.status, entry?.repository], [status, expected], `${method} ${path}`);
    }
  }
  assert(ofRepositories.length > 20);
});
