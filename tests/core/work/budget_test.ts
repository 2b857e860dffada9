import { assert, assertEquals, assertRejects } from "@std/assert";
import { createBudget } from "../../../core/work/budget.ts";

async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  promise.then(() => done = true, () => done = true);
  for (let i = 0; i < 5; i++) await Promise.resolve();
  return done;
}

Deno.test("a small request for budget does not overtake a large one", async () => {
  const budget = createBudget(10);
  await budget.take(6);
  const large = budget.take(8), small = budget.take(1);
  assertEquals([await settled(large), await settled(small)], [false, false]);
  budget.give(6);
  assertEquals([await settled(large), await settled(small)], [true, true]);
});

Deno.test("more than the whole budget is granted alone", async () => {
  const budget = createBudget(10);
  await budget.take(1);
  const huge = budget.take(100);
  assert(!await settled(huge));
  budget.give(1);
  assert(await settled(huge));
  const next = budget.take(1);
  assert(!await settled(next), "nothing goes beside it");
  budget.give(100);
  assert(await settled(next));
});

Deno.test("an aborted request leaves the queue of a budget", async () => {
  const budget = createBudget(10);
  await budget.take(6);
  const controller = new AbortController();
  const large = budget.take(8, controller.signal), small = budget.take(4);
  const refused = assertRejects(() => large, Error, "enough");
  assert(!await settled(small));
  controller.abort(new Error("enough"));
  await refused;
  assert(await settled(small));
  await assertRejects(() => budget.take(1, controller.signal), Error, "enough");
  budget.give(6);
  budget.give(4);
  await budget.take(10);
});
