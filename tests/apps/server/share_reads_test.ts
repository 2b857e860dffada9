// Reads that requests share.
import { assertEquals, assertRejects } from "@std/assert";
import { createHandler } from "../../../apps/server.ts";
import { shareReads } from "../../../apps/server/share_reads.ts";
import { openRegistry } from "../../../mod.ts";

Deno.test("callers in one turn share a read that begins after the last of them", async () => {
  const share = shareReads<number>();
  let reads = 0, asked = 0;
  const read = () => Promise.resolve([++reads, asked][1]!);
  const ask = () => (asked++, share("a", read));
  assertEquals(await Promise.all([ask(), ask(), ask()]), [3, 3, 3]);
  assertEquals([reads, await ask(), reads], [1, 4, 2]);
  await Promise.all([share("a", read), share("b", read)]);
  assertEquals(reads, 4);
});

Deno.test("a failed read fails for all its callers, and the next one reads again", async () => {
  const share = shareReads<number>();
  const fail = () => Promise.reject(new Error("gone"));
  const all = await Promise.allSettled([share("a", fail), share("a", fail)]);
  assertEquals(all.map(({ status }) => status), ["rejected", "rejected"]);
  await assertRejects(() => share("a", fail), Error, "gone");
  assertEquals(await share("a", () => Promise.resolve(1)), 1);
});

Deno.test("requests at once get what was saved before each of them", async () => {
  await using registry = await openRegistry("memory:");
  const handler = createHandler(registry);
  const get = async (path: string) =>
    await (await handler(new Request(`http://localhost${path}`))).json();
  const latest = async () => (await get("/artifacts/a/versions/latest")).version;
  await registry.save("a", 1);
  for (let version = 1; version <= 3; version++) {
    const found = await Promise.all([latest(), latest(), get("/names"), get("/names")]);
    assertEquals(found, [`${version}.0.0`, `${version}.0.0`, { items: ["a"] }, { items: ["a"] }]);
    await registry.save("a", version);
  }
  await registry.delete("a", { allVersions: true });
  assertEquals((await get("/names")).items, []);
});
