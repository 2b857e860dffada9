import { assertEquals, assertStringIncludes } from "@std/assert";
import { createMemoryBackend, openRegistry, type Registry } from "../../../../mod.ts";
import { damageRecord } from "../../../registry/conformance/open_on.ts";
import { createCheckedHandler } from "../checked_handler.ts";

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
  assertEquals([first.next, first.items[1].info.metadata], ["2.0.0-rc.1", {
    version: "2.0.0-rc.1",
  }]);
  await registry.delete("a@2.0.0-rc.1");
  const second = await get(`${base}?limit=1&details=true&after=${first.next}`);
  assertEquals([second.items[0].info.version, second.next], ["1.1.0", "1.1.0"]);
  assertEquals(versionsOf(await get(`${base}?after=${second.next}`)), ["1.0.0"]);
  assertEquals(await get(`${base}?after=1`), { items: [] });
  assertEquals(await get("/artifacts/none/versions"), { items: [] });
  assertEquals((await get(`${base}?after=x`)).code, "Invalid");
  assertEquals((await get(`${base}?details=yes`)).code, "Invalid");
  const lines = await send(base, { headers: { accept: "text/html, application/x-ndjson;q=0.9" } });
  assertEquals((await lines.text()).trim().split("\n").map((line) => JSON.parse(line).version), [
    "2.0.0",
    "1.1.0",
    "1.0.0",
  ]);
});

Deno.test("a version that cannot be read is listed with details as a problem, on a later page too", async () => {
  const backend = createMemoryBackend();
  await using registry = await openRegistry(backend);
  for (const value of [1, 2, 3]) await registry.save("a", value);
  await damageRecord(backend, "a@2.0.0");
  const { get } = serve(registry);
  for (const query of ["limit=3", "limit=2&after=3.0.0"]) {
    const { items } = await get(`/artifacts/a/versions?details=true&${query}`);
    const [damaged, whole] = items.slice(-2);
    assertEquals([damaged.version, damaged.info, damaged.error.code], [
      "2.0.0",
      undefined,
      "Corrupt",
    ]);
    assertStringIncludes(damaged.error.detail, "Cannot ");
    assertEquals([whole.info.version, whole.error], ["1.0.0", undefined]);
  }
});

Deno.test("a version is told with its commit as tag, by version, range, alias and latest", async () => {
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

Deno.test("a registry says what it is, and never where", async () => {
  await using registry = await openRegistry("memory:");
  const { get } = serve(registry);
  const { id, settings, service, features } = await get("/registry");
  assertEquals([id, settings, service.name, features.includes("reads")], [
    registry.id,
    { versioned: true, mutable: false, graceMs: 86_400_000, leastGraceMs: 3_600_000 },
    "holdfast",
    true,
  ]);
});
