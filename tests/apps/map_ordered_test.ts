import { assertEquals, assertRejects } from "@std/assert";
import { mapOrdered } from "../../apps/map_ordered.ts";

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield await Promise.resolve(i);
}

Deno.test("results come in the order of the items, with a bound on calls at once", async () => {
  let running = 0;
  let most = 0;
  const results = await Array.fromAsync(mapOrdered(numbers(20), async (item) => {
    most = Math.max(most, ++running);
    for (let i = 0; i < 20 - item; i++) await Promise.resolve();
    running--;
    return item * 2;
  }, 4));
  assertEquals(results, Array.from({ length: 20 }, (_, i) => i * 2));
  assertEquals(most, 4);
});

Deno.test("a failure arrives at its turn, and those behind it disturb nobody", async () => {
  const seen: number[] = [];
  await assertRejects(
    async () => {
      const map = (item: number) => item >= 2 ? Promise.reject(new Error(`item ${item}`)) : Promise.resolve(item);
      for await (const result of mapOrdered(numbers(6), map, 4)) seen.push(result);
    },
    Error,
    "item 2",
  );
  assertEquals(seen, [0, 1]);
});
