import { assertEquals } from "@std/assert";
import { createPlacement } from "../../workers/placement.ts";
import type { Pool } from "../../workers/pool.ts";
import type { Slot } from "../../workers/slots.ts";

/** A pool of places on which nothing runs. */
function poolOf(running: boolean[], { startMs = 100, answerMs = 1 } = {}): Pool {
  const take = () => Promise.reject(new Error("nothing runs here"));
  const slots: Slot[] = running.map((running) => ({ pendingMs: 0, running, use: take }));
  return {
    slots,
    running: 0,
    startMs,
    answerMs,
    alone: () => Promise.reject(new Error("not asked")),
    close: () => Promise.resolve(),
  };
}

/** Where works that are begun together go: `-1` is the caller's thread. */
async function placesOf(
  pool: Pool,
  works: number[],
  { offload = "auto" as "auto" | "always", moveMs = 0, processors = 8 } = {},
): Promise<number[]> {
  const placement = createPlacement(pool, offload, processors);
  const { promise, resolve } = Promise.withResolvers<void>();
  const places: number[] = [];
  const all = works.map((workMs) =>
    placement.place({ workMs, moveMs }, () => {
      places.push(-1);
      return promise;
    }, (slot) => {
      places.push(pool.slots.indexOf(slot));
      return promise;
    })
  );
  resolve();
  await Promise.all(all);
  assertEquals(
    pool.slots.map(({ pendingMs }) => pendingMs),
    pool.slots.map(() => 0),
    "all of it is given back",
  );
  return places;
}

Deno.test("a single piece of work stays on the caller's thread, however large", async () => {
  assertEquals(await placesOf(poolOf([false, false]), [10_000]), [-1]);
});

Deno.test("work is balanced over the caller's thread and workers that run", async () => {
  assertEquals(await placesOf(poolOf([true, true]), [50, 50, 50, 50, 50, 50]), [
    -1,
    0,
    1,
    -1,
    0,
    1,
  ]);
});

Deno.test("a worker is started only where that is done sooner than waiting for this thread", async () => {
  assertEquals(await placesOf(poolOf([false]), [30, 30, 30]), [-1, -1, -1]);
  assertEquals(await placesOf(poolOf([false]), [80, 80, 80, 80]), [-1, -1, 0, -1]);
});

Deno.test("small work stays here beside a free worker, and goes there when there is much of it", async () => {
  assertEquals(await placesOf(poolOf([true]), [0.5]), [-1]);
  assertEquals(await placesOf(poolOf([true]), [0.5, 0.5, 0.5, 0.5]), [-1, -1, -1, 0]);
});

Deno.test("what is dear to move stays here longer", async () => {
  assertEquals(await placesOf(poolOf([true]), [10, 10, 10], { moveMs: 15 }), [-1, -1, 0]);
});

Deno.test("where workers are busy on every processor this thread takes nothing from them", async () => {
  const works = [50, 50, 50, 50, 50, 50];
  assertEquals(await placesOf(poolOf([true, true]), works, { processors: 2 }), [-1, 0, 1, 0, 1, 0]);
  assertEquals(await placesOf(poolOf([true]), works, { processors: 2 }), [-1, 0, -1, 0, -1, 0]);
});

Deno.test("with always everything goes to workers, by turns, and where there is none it is done here", async () => {
  assertEquals(await placesOf(poolOf([false, false]), [1, 1, 1], { offload: "always" }), [0, 1, 0]);
  assertEquals(await placesOf(poolOf([]), [1, 1], { offload: "always" }), [-1, -1]);
});

Deno.test("work that fails is given back too", async () => {
  const pool = poolOf([true]);
  const placement = createPlacement(pool, "always");
  const failing = () => Promise.reject(new Error("no"));
  await placement.place({ workMs: 5, moveMs: 0 }, failing, failing).catch(() => {});
  assertEquals(pool.slots[0].pendingMs, 0);
});
