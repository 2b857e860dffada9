import { assertEquals } from "@std/assert";
import { openRegistry, type Registry } from "../../../../mod.ts";
import { createHandler } from "../../../../apps/server.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";

async function fileOf(registry: Registry): Promise<string> {
  await registry.save("text", "0123456789");
  const { files: [{ path }] } = await registry.info("text");
  return `/artifacts/text/versions/1.0.0/files/${path}`;
}

Deno.test("an answer from memory has all that the first had but the id of its request, and is counted and logged", async () => {
  await using registry = await openRegistry("memory:");
  const path = await fileOf(registry);
  const lines: string[] = [];
  const logger = {
    debug() {},
    info: (line: string) => void lines.push(line),
    warn() {},
    error() {},
  };
  await using handler = createHandler(registry, { logger });
  const get = async () => {
    const response = await handler(new Request(`http://localhost${path}`));
    return { headers: Object.fromEntries(response.headers), text: await response.text() };
  };
  const { headers: { "x-request-id": id, ...headers } } = await get();
  for (let count = 0; count < 2; count++) {
    assertEquals(await get(), { headers, text: "0123456789" });
  }
  assertEquals([typeof id, lines.length, lines[2].startsWith(`GET ${path} 200 `)], [
    "string",
    3,
    true,
  ]);
  const metrics = await (await handler(new Request("http://localhost/metrics"))).text();
  assertEquals(/holdfast_requests_total\{.*files.*status="200"\} 3\n/.test(metrics), true, metrics);
});

Deno.test("a request that says more is looked at as any other", async () => {
  await using registry = await openRegistry("memory:");
  const path = await fileOf(registry);
  await using handler = createHandler(registry);
  const status = async (headers: Record<string, string>, host = "localhost", method = "GET") =>
    (await handler(new Request(`http://${host}${path}`, { headers, method }))).status;
  for (let count = 0; count < 2; count++) assertEquals(await status({}), 200);
  assertEquals(await status({}, "evil.example"), 403);
  assertEquals(await status({ origin: "http://evil.example" }), 403);
  assertEquals(await status({ "sec-fetch-site": "cross-site" }), 403);
  assertEquals(await status({ range: "bytes=0-1" }), 206);
  assertEquals(await status({ "if-none-match": "*" }), 304);
  assertEquals(await status({}, "localhost", "DELETE") >= 400, true);
});

Deno.test("a service with tokens or a rate looks at every request", async () => {
  await using registry = await openRegistry("memory:");
  const path = await fileOf(registry);
  const system = { ...createScriptedSystem(), now: () => Date.UTC(2026, 0) };
  await using slow = createHandler(registry, { limits: { requestsPerSecond: 1 }, system });
  const statuses: number[] = [];
  for (let count = 0; count < 3; count++) {
    statuses.push((await slow(new Request(`http://localhost${path}`))).status);
  }
  assertEquals(statuses, [200, 200, 429]);
  await using closed = createHandler(registry, {
    tokens: { find: () => Promise.resolve(undefined) },
  });
  assertEquals((await closed(new Request(`http://localhost${path}`))).status, 401);
});

Deno.test("what was deleted elsewhere is not answered from memory for more than ten seconds", async () => {
  await using registry = await openRegistry("memory:");
  const path = await fileOf(registry);
  const system = createScriptedSystem();
  await using handler = createHandler(registry, { system });
  const status = async () => (await handler(new Request(`http://localhost${path}`))).status;
  assertEquals([await status(), await status()], [200, 200]);
  await registry.delete("text", { allVersions: true });
  system.advance(10_001);
  assertEquals(await status(), 404);
});

Deno.test("a version that comes with its bytes is answered from memory where it is named exactly and cannot change", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("text", "0123456789");
  let opened = 0;
  const counting = {
    ...registry,
    open: (...args: Parameters<Registry["open"]>) => (opened++, registry.open(...args)),
  };
  await using handler = createHandler(counting);
  const get = async (version: string, headers: Record<string, string> = {}) => {
    const address = `http://localhost/artifacts/text/versions/${version}?data=65536`;
    const response = await handler(new Request(address, { headers }));
    const { "x-request-id": _, ...known } = Object.fromEntries(response.headers);
    return { status: response.status, headers: known, text: await response.text() };
  };
  const first = await get("1.0.0");
  assertEquals(JSON.parse(first.text).files[0].data, btoa("0123456789"));
  assertEquals(await get("1.0.0"), first);
  assertEquals((await get("1.0.0", { range: "bytes=0-1" })).text, first.text);
  assertEquals((await get("1.0.0", { "if-none-match": first.headers.etag })).status, 304);
  assertEquals(opened, 1);
  for (let count = 0; count < 2; count++) await get("latest");
  assertEquals(opened, 3);
  const metrics = await (await handler(new Request("http://localhost/metrics"))).text();
  assertEquals(
    /holdfast_requests_total\{[^}]*versions\/:version"[^}]*status="200"\} 5\n/.test(metrics),
    true,
    metrics,
  );
  await handler(
    new Request("http://localhost/artifacts/text/versions/1.0.0", { method: "DELETE" }),
  );
  assertEquals((await get("1.0.0")).status, 404);
});

Deno.test("a version that comes with its bytes and may be overwritten is looked up each time", async () => {
  await using registry = await openRegistry("memory:", { mutable: true });
  await registry.save("text", "one");
  await using handler = createHandler(registry);
  const get = async () =>
    await (await handler(new Request("http://localhost/artifacts/text/versions/1.0.0?data=9")))
      .json();
  assertEquals((await get()).files[0].data, btoa("one"));
  await registry.save("text", "two", { version: "1.0.0", onConflict: "overwrite" });
  assertEquals((await get()).files[0].data, btoa("two"));
});
