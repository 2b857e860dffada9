import { assertEquals, assertRejects } from "@std/assert";
import { createLimit, forEachAtOnce, mapAtOnce } from "../../../core/work/at_once.ts";

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield await Promise.resolve(i);
}

Deno.test("mapAtOnce() yields results in order, with limited concurrency", async () => {
  let running = 0;
  let most = 0;
  const results = await Array.fromAsync(mapAtOnce(numbers(20), async (item) => {
    most = Math.max(most, ++running);
    for (let i = 0; i < 20 - item; i++) await Promise.resolve();
    running--;
    return item * 2;
  }, { concurrency: 4 }));
  assertEquals(results, Array.from({ length: 20 }, (_, i) => i * 2));
  assertEquals(most, 4);
});

Deno.test("forEachAtOnce() limits concurrency, and starts nothing after a failure", async () => {
  const begun: number[] = [];
  let running = 0;
  const work = async (item: number) => {
    begun.push(item);
    assertEquals(++running <= 3, true);
    await Promise.resolve();
    running--;
    if (item === 4) throw new Error("the fourth");
  };
  await forEachAtOnce([1, 2, 3], work, { concurrency: 3 });
  assertEquals(begun.splice(0), [1, 2, 3]);
  const many = () => forEachAtOnce([1, 2, 3, 4, 5, 6, 7, 8, 9], work, { concurrency: 3 });
  await assertRejects(many, Error, "the fourth");
  assertEquals([running, begun.includes(9)], [0, false]);
});

Deno.test("forEachAtOnce() draws from an async iterable, and ends it after a failure", async () => {
  let drawn = 0, isEnded = false, running = 0;
  async function* items(failAt: number): AsyncGenerator<number> {
    try {
      for (drawn = 0; drawn < 20; drawn++) {
        await Promise.resolve();
        if (drawn === failAt) throw new Error("no more items");
        yield drawn;
      }
    } finally {
      isEnded = true;
    }
  }
  const done: number[] = [];
  const work = async (item: number) => {
    assertEquals(++running <= 3, true);
    for (let turn = 0; turn < 10 - item % 10; turn++) await Promise.resolve();
    running--;
    if (item === 15) throw new Error("the fifteenth");
    done.push(item);
  };
  const run = (failAt: number) => forEachAtOnce(items(failAt), work, { concurrency: 3 });
  await assertRejects(() => run(12), Error, "no more items");
  assertEquals([running, done.splice(0).length, isEnded], [0, 12, true]);
  isEnded = false;
  await assertRejects(() => run(99), Error, "the fifteenth");
  assertEquals([running, done.splice(0).length < 19, isEnded], [0, true, true]);
  await forEachAtOnce(items(99), (item) => Promise.resolve(done.push(item)));
  assertEquals(done.length, 20);
});

Deno.test("createLimit() limits all its callers, even after failures", async () => {
  const limit = createLimit(2);
  let running = 0;
  const work = async (item: number) => {
    assertEquals(++running <= 2, true);
    await Promise.resolve();
    running--;
    if (item % 2 === 0) throw new Error("even");
    return item;
  };
  const ends = await Promise.allSettled([1, 2, 3, 4, 5].map((item) => limit(() => work(item))));
  assertEquals(ends.map(({ status }) => status === "fulfilled"), [true, false, true, false, true]);
});
