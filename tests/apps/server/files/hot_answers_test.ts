import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import type { Registry } from "../../../../mod.ts";
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
  const logger = { debug() {}, info: (line: string) => void lines.push(line), warn() {}, error() {} };
  await using handler = createHandler(registry, { logger });
  const get = async () => {
    const response = await handler(new Request(`http://localhost${path}`));
    return { headers: Object.fromEntries(response.headers), text: await response.text() };
  };
  const { headers: { "x-request-id": id, ...headers } } = await get();
  for (let count = 0; count < 2; count++) assertEquals(await get(), { headers, text: "0123456789" });
  assertEquals([typeof id, lines.length, lines[2].startsWith(`GET ${path} 200 `)], ["string", 3, true]);
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
  await using closed = createHandler(registry, { tokens: { find: () => Promise.resolve(undefined) } });
  assertEquals((await closed(new Request(`http://localhost${path}`))).status, 401);
});

Deno.test("what was deleted elsewhere is not answered from memory for more than ten seconds", async () => {
  await using registry = await openRegistry("memory:");
  const path = await fileOf(registry);
  const system = createScriptedSystem();
  await using handler = createHandler(registry, { system });
  const status = async () => (await handler(new Request(`http://localhost${path}`))).status;
  assertEquals([await status(), await status()], [200, 200]);
  await registry.delete("text");
  system.advance(10_001);
  assertEquals(await status(), 404);
});
