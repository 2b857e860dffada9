import { assertEquals } from "@std/assert";
import { type LogEntry, openRegistry, realSystem } from "../../../../mod.ts";
import { createCheckedHandler } from "../checked_handler.ts";

Deno.test("what happened twice in one millisecond is told once each, page by page", async () => {
  const now = realSystem.now();
  await using registry = await openRegistry("memory:", {
    system: { ...realSystem, now: () => now },
  });
  await registry.save("a", 1);
  for (const _ of [1, 2]) {
    await registry.setAlias("a", "live", "1");
    await registry.deleteAlias("a", "live");
  }
  const handler = createCheckedHandler(registry);
  const get = async (query: string) =>
    await (await handler(new Request(`http://localhost/artifacts/a/log${query}`))).json();
  const { items } = await get("");
  let next = "";
  for (const item of items) {
    const page = await get(`?limit=1${next && `&after=${encodeURIComponent(next)}`}`);
    assertEquals(page.items, [item]);
    next = page.next;
  }
  assertEquals([items.length, next], [5, undefined]);
});

Deno.test("what happened to a name is told newest first, in pages and as lines", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("a", 1);
  await registry.setAlias("a", "live", "1");
  await registry.save("a", 2);
  await registry.delete("a@2.0.0");
  const handler = createCheckedHandler(registry);
  const send = (path: string, init?: RequestInit) =>
    handler(new Request(`http://localhost${path}`, init));
  const get = async (path: string) => await (await send(path)).json();
  const base = "/artifacts/a/log";
  const whole = await get(base);
  const events = whole.items.map(({ event, version, size }: LogEntry) => [event, version, size]);
  assertEquals(events.sort(), [ // much happens in one millisecond
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
