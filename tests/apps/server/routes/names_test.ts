import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { createHandler } from "../../../../apps/server.ts";

Deno.test("names are listed in pages, by prefix, and as lines", async () => {
  await using registry = await openRegistry("memory:");
  for (const name of ["a", "b/1", "b/2", "c d"]) await registry.save(name, { name });
  await using handler = createHandler(registry);
  const get = async (path: string) =>
    await (await handler(new Request(`http://localhost${path}`))).json();

  assertEquals(await get("/names"), { items: ["a", "b/1", "b/2", "c d"] });
  assertEquals(await get("/names?prefix=b%2F"), { items: ["b/1", "b/2"] });
  const first = await get("/names?limit=3");
  assertEquals(first, { items: ["a", "b/1", "b/2"], next: "b/2" });
  assertEquals(await get(`/names?limit=3&after=${encodeURIComponent(first.next)}`), {
    items: ["c d"],
  });

  const lines = await handler(
    new Request("http://localhost/names", { headers: { accept: "application/x-ndjson" } }),
  );
  assertEquals(await lines.text(), '"a"\n"b/1"\n"b/2"\n"c d"\n');
});
