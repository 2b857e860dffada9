import { assertEquals, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import { outcomesOf } from "../../../core/work/outcomes.ts";

/** Runs all pending microtasks. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** An endless iterable that records requests and closing. */
function numbers() {
  const seen = { asked: 0, closed: false };
  const next = () => Promise.resolve({ done: false as const, value: ++seen.asked });
  const end = () => {
    seen.closed = true;
    return Promise.resolve({ done: true as const, value: undefined });
  };
  return { seen, [Symbol.asyncIterator]: () => ({ next, return: end }) };
}

Deno.test("leaving the loop closes the source, and waits for running work", async () => {
  const inputs = numbers();
  let running = 0;
  const work = async (n: number) => {
    running++;
    if (n > 1) await settle();
    running--;
  };
  for await (const { ok } of outcomesOf(inputs, work, { concurrency: 4 })) {
    assertEquals(ok, true);
    break;
  }
  assertEquals([running, inputs.seen.closed], [0, true]);
});

Deno.test("an abort closes the source at once, even while work runs", async () => {
  const inputs = numbers();
  const aborting = new AbortController();
  const held = Promise.withResolvers<void>();
  const { signal } = aborting;
  const outcomes = outcomesOf(inputs, () => held.promise, { concurrency: 2, signal });
  const first = outcomes.next();
  await settle();
  aborting.abort(new Error("enough"));
  await settle();
  assertEquals(inputs.seen.closed, true);
  held.resolve();
  assertEquals((await first).value?.ok, true);
  await outcomes.next();
  await assertRejects(() => outcomes.next(), Error, "enough");
});

Deno.test("stopOnError draws no input after a failure, and finishes running work", async () => {
  const inputs = numbers();
  const work = (n: number) => n === 3 ? Promise.reject(new Error("third")) : settle();
  const options = { concurrency: 2, stopOnError: true };
  const outcomes = await Array.fromAsync(outcomesOf(inputs, work, options));
  assertEquals(outcomes.map(({ index }) => index).sort(), outcomes.map((_, i) => i));
  assertEquals(outcomes.filter(({ ok }) => !ok).map(({ index }) => index), [2]);
  assertEquals([outcomes.length <= 4, inputs.seen.closed], [true, true]);
});

Deno.test("an abort does not wait for the next input of a generator", async () => {
  const aborting = new AbortController();
  async function* one() {
    yield 1;
    await new Promise(() => {}); // never
  }
  const outcomes = outcomesOf(one(), (n) => Promise.resolve(n), { signal: aborting.signal });
  assertEquals((await outcomes.next()).value?.ok, true);
  const end = outcomes.next();
  await settle();
  aborting.abort(new Error("enough"));
  await assertRejects(() => end, Error, "enough");
});
