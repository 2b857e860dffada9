import { assertEquals, assertStringIncludes } from "@std/assert";
import { createMemoryBackend, openRegistry, realSystem, type Registry } from "../../../../mod.ts";
import type { LogEntry } from "../../../../registry/mod.ts";
import { damageRecord } from "../../../registry/conformance/open_on.ts";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { createCheckedHandler } from "../checked_handler.ts";
import { readEvents } from "../event_text.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { slowTest } from "../../../support/seeds.ts";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";

function serve(registry: Registry) {
  const handler = createCheckedHandler(registry);
  const send = (path: string, init?: RequestInit) =>
    handler(new Request(`http://localhost${path}`, init));
  const get = async (path: string) => await (await send(path)).json();
  return { handler, send, get };
}

Deno.test("versions are listed newest first, in pages, by range and with details", async () => {
  await using registry = await openRegistry("memory:");
  for (const version of ["1.0.0", "1.1.0", "2.0.0-rc.1", "2.0.0"]) {
    await registry.save("a", { version }, { version, metadata: { version } });
  }
  const { send, get } = serve(registry);
  const versionsOf = ({ items }: { items: { version: string }[] }) =>
    items.map(({ version }) => version);
  const base = "/artifacts/a/versions";
  assertEquals(versionsOf(await get(base)), ["2.0.0", "2.0.0-rc.1", "1.1.0", "1.0.0"]);
  assertEquals(versionsOf(await get(`${base}?range=%5E1`)), ["1.1.0", "1.0.0"]);
  const first = await get(`${base}?limit=2&details=true`);
  assertEquals(first.next, "2.0.0-rc.1");
  assertEquals(first.items[1].info.metadata, { version: "2.0.0-rc.1" });
  await registry.delete("a@2.0.0-rc.1");
  const second = await get(`${base}?limit=1&details=true&after=${first.next}`);
  assertEquals([second.items[0].info.version, second.next], ["1.1.0", "1.1.0"]);
  assertEquals(versionsOf(await get(`${base}?after=${second.next}`)), ["1.0.0"]);
  assertEquals(await get(`${base}?after=1`), { items: [] });
  assertEquals(await get("/artifacts/none/versions"), { items: [] });
  assertEquals((await get(`${base}?after=x`)).code, "Invalid");
  assertEquals((await get(`${base}?details=yes`)).code, "Invalid");
  const lines = await send(base, { headers: { accept: "text/html, application/x-ndjson;q=0.9" } });
  const listed = (await lines.text()).trim().split("\n").map((line) => JSON.parse(line).version);
  assertEquals(listed, ["2.0.0", "1.1.0", "1.0.0"]);
});

Deno.test("versions have only the fields that were asked for", async () => {
  await using registry = await openRegistry("memory:");
  const metadata = { "a.b": 1, a: { b: 2, c: 3 }, constructor: 4, list: [5], other: 6 };
  await registry.save("a", "text", { metadata, inputs: [{ ref: "b@1.0.0", digest: null }] });
  const { get } = serve(registry);
  const infoOf = async (fields: string) =>
    (await get(`/artifacts/a/versions?fields=${encodeURIComponent(fields)}`)).items?.[0].info;
  assertEquals(await infoOf("size,files.length"), { size: 4, files: { length: 1 } });
  assertEquals(await infoOf("metadata.a.b,metadata.list"), {
    metadata: { "a.b": 1, a: { b: 2 }, list: [5] },
  });
  assertEquals(await infoOf("metadata.constructor,version"), {
    version: "1.0.0",
    metadata: { constructor: 4 },
  });
  assertEquals(await infoOf("metadata"), { metadata });
  assertEquals(await infoOf("metadata.none,inputs.length"), {
    metadata: {},
    inputs: { length: 1 },
  });
  assertEquals((await get("/artifacts/a/versions?fields=sise")).code, "Invalid");
  assertEquals((await get("/artifacts/a/versions?fields=")).code, "Invalid");
});

slowTest("pages of large items have fewer of them, and a client reads all", async () => {
  await using registry = await openRegistry("memory:");
  const metadata = { text: "x".repeat(40_000) };
  for (let i = 0; i < 30; i++) await registry.save("a", i, { metadata });
  const files = Array.from({ length: 3000 }, (_, i) => ({
    path: `${i}`,
    content: new Uint8Array(),
  }));
  const materializer = { id: "folder", formatVersion: 1, save: () => files, load: () => 1 };
  await registry.save("a", 30, { as: materializer });
  const { handler } = serve(registry);
  const sizes: number[] = [];
  const client = await openHttpRegistry("http://localhost", {
    fetch: async (request) => {
      const answer = await handler(request);
      sizes.push((await answer.clone().arrayBuffer()).byteLength);
      return answer;
    },
  });
  const listed = await Array.fromAsync(client.versions("a", { details: true }));
  assertEquals(listed.map(({ info }) => info?.generation).length, 31);
  assertEquals(sizes.filter((size) => size > 256 * 1024).length, 1, `${sizes}`); // has one item
  const short = await Array.fromAsync(client.versions("a", { details: true, limit: 9 }));
  assertEquals(short, listed.slice(0, 9));
});

Deno.test("an unreadable version is listed with its problem", async () => {
  const backend = createMemoryBackend();
  await using registry = await openRegistry(backend);
  for (const value of [1, 2, 3]) await registry.save("a", value);
  await damageRecord(backend, "a@2.0.0");
  const { get } = serve(registry);
  for (const query of ["limit=3", "limit=2&after=3.0.0"]) {
    const { items } = await get(`/artifacts/a/versions?details=true&${query}`);
    const [damaged, whole] = items.slice(-2);
    assertEquals([damaged.version, damaged.info], ["2.0.0", undefined]);
    assertEquals(damaged.error.code, "Corrupt");
    assertStringIncludes(damaged.error.detail, "Cannot ");
    assertEquals([whole.info.version, whole.error], ["1.0.0", undefined]);
  }
});

Deno.test("a version is found by version, range, alias and latest", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("team/a b", { n: 1 }, { metadata: { epochs: 3 } });
  await registry.setAlias("team/a b", "production", "1");
  const info = JSON.parse(JSON.stringify(await registry.info("team/a b")));
  const { send, get } = serve(registry);
  for (const version of ["1.0.0", "1", "%5E1.0", "production", "latest"]) {
    assertEquals(await get(`/artifacts/team%2Fa%20b/versions/${version}`), info, version);
  }
  const path = "/artifacts/team%2Fa%20b/versions/latest";
  const etag = (await send(path)).headers.get("etag")!;
  assertEquals(etag, `"${info.commit}"`);
  assertEquals((await send(path, { headers: { "if-none-match": etag } })).status, 304);
  assertEquals((await send(path, { headers: { "if-match": '"other"' } })).status, 412);
  const head = await send(path, { method: "HEAD" });
  assertEquals([head.status, head.headers.get("etag"), await head.text()], [200, etag, ""]);
  assertEquals((await get(`${path}?commit=${info.commit}`)).commit, info.commit);
  assertEquals((await get(`${path}?commit=other`)).code, "Conflict");
  const missing = await get("/artifacts/team%2Fa%20b/versions/9.9.9");
  assertEquals([missing.status, missing.code], [404, "NotFound"]);
  assertStringIncludes(missing.detail, "9.9.9");
  assertEquals((await get("/artifacts/a%40b/versions/1")).code, "Invalid");
});

Deno.test("the registry route returns its settings and features", async () => {
  await using registry = await openRegistry("memory:");
  const jobs = createMemoryQueue();
  await using handler = createCheckedHandler(registry, {
    gateways: [createJobsGateway(jobs), hub],
  });
  const answer = await handler(new Request("http://localhost/registry"));
  const { id, settings, service, features } = await answer.json();
  assertEquals([id, settings, service.name, features], [
    registry.id,
    { versioned: true, mutable: false, graceMs: 86_400_000, leastGraceMs: 3_600_000 },
    "holdfast",
    ["reads", "writes", "drafts", "uploads", "search", "jobs", "hub"],
  ]);
});

Deno.test("changes in the same millisecond are listed page by page", async () => {
  const now = realSystem.now();
  await using registry = await openRegistry("memory:", {
    system: { ...realSystem, now: () => now },
  });
  await registry.save("a", 1);
  for (const _ of [1, 2]) {
    await registry.setAlias("a", "live", "1");
    await registry.deleteAlias("a", "live");
  }
  const { get } = serve(registry);
  const { items } = await get("/artifacts/a/log");
  let next = "";
  for (const item of items) {
    const after = next && `&after=${encodeURIComponent(next)}`;
    const page = await get(`/artifacts/a/log?limit=1${after}`);
    assertEquals(page.items, [item]);
    next = page.next;
  }
  assertEquals([items.length, next], [5, undefined]);
});

Deno.test("the log of a name is listed newest first, in pages and as lines", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("a", 1);
  await registry.setAlias("a", "live", "1");
  await registry.save("a", 2);
  await registry.delete("a@2.0.0");
  const { send, get } = serve(registry);
  const base = "/artifacts/a/log";
  const whole = await get(base);
  const events = whole.items.map(({ event, version, size }: LogEntry) => [event, version, size]);
  assertEquals(events.sort(), [ // several in one millisecond
    ["aliased", "1.0.0", undefined],
    ["deleted", "2.0.0", undefined],
    ["saved", "1.0.0", 1],
    ["saved", "2.0.0", undefined],
  ]);
  assertEquals(whole.next, undefined);
  const first = await get(`${base}?limit=3`);
  const second = await get(`${base}?limit=3&after=${encodeURIComponent(first.next)}`);
  assertEquals([...first.items, ...second.items], whole.items);
  assertEquals(second.next, undefined);
  assertEquals((await get(`${base}?after=x`)).code, "Invalid");
  assertEquals((await get("/artifacts/none/log")).code, "NotFound");
  const lines = await (await send(base, { headers: { accept: "application/x-ndjson" } })).text();
  assertEquals(lines.trim().split("\n").map((line) => JSON.parse(line)), whole.items);
});

Deno.test("a watch sends the latest version and its changes, and resumes", async () => {
  await using registry = await openRegistry("memory:");
  const { send } = serve(registry);
  const watch = async (headers: Record<string, string> = {}) =>
    readEvents(await send("/artifacts/a%2Fb/watch?intervalMs=100", { headers }));

  const events = await watch();
  await events.until('id: none\nevent: latest\ndata: {"name":"a/b"}');
  const first = await registry.save("a/b", 1);
  await events.until(`id: ${first.commit}\nevent: latest\n`);
  await events.leave();

  const again = await watch({ "last-event-id": first.commit });
  const second = await registry.save("a/b", 2);
  const after = await again.until(second.commit);
  assertEquals(after.includes(first.commit), false);
  await again.leave();
});

Deno.test("search finds versions by words and filters", async () => {
  const system = createScriptedSystem();
  await using registry = await openRegistry("memory:");
  for (const epochs of [2, 4]) {
    await registry.save("models/bert", { epochs }, { metadata: { epochs } });
  }
  await registry.save("data/raw", "x", { metadata: { by: "ann" } });
  await registry.setAlias("models/bert", "production", "2.0.0");
  await using handler = createCheckedHandler(registry, { system });
  type Found = { name: string; version: string };
  const find = async (query: string) => {
    const answer = await handler(new Request(`http://localhost/search?${query}`));
    const { items, ...rest } = await answer.json();
    return { ...rest, refs: items.map(({ name, version }: Found) => `${name}@${version}`) };
  };
  const refs = ["models/bert@2.0.0"];
  assertEquals(await find("q=metadata.epochs%3E3"), { refs, total: 1, ageMs: 0, cut: false });
  assertEquals((await find("q=alias%3Dproduction")).refs, ["models/bert@2.0.0"]);
  assertEquals((await find("q=ANN")).refs, ["data/raw@1.0.0"]);
  assertEquals((await find("")).refs, ["data/raw@1.0.0", "models/bert@2.0.0", "models/bert@1.0.0"]);
  const page = await find("limit=1&offset=1");
  assertEquals([page.refs, page.total], [["models/bert@2.0.0"], 3]);

  await registry.save("data/new", "y");
  system.advance(59_000);
  const old = await find("q=new");
  assertEquals([old.total, old.ageMs], [0, 59_000]);
  system.advance(1000);
  while ((await find("q=new")).total === 0) await Promise.resolve();
  assertEquals((await find("q=new")).ageMs, 0);
});

Deno.test("search finds only readable names", async () => {
  await using registry = await openRegistry("memory:");
  for (const name of ["team/a", "other"]) await registry.save(name, "x");
  const tokens = { find: () => Promise.resolve(createAccess("me", [parseScope("read:team/*")])) };
  await using handler = createCheckedHandler(registry, { tokens });
  const headers = { authorization: "Bearer x" };
  const search = (query: string) =>
    handler(new Request(`http://localhost/search${query}`, { headers }));
  const { items, total } = await (await search("")).json();
  assertEquals([items.map(({ name }: { name: string }) => name), total], [["team/a"], 1]);
  assertEquals((await search("?q=metadata.a%3E")).status, 400);
});
