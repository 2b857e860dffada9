import { assertEquals, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import { createSideBySide } from "../../../core/work/side_by_side.ts";

/** A task that the test ends. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let begun = false;
  return { resolve, reject, begun: () => begun, run: () => (begun = true, promise) };
}

/** Runs all pending microtasks. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

Deno.test("tasks start in order, and wait for room by number and weight", async () => {
  const tasks = createSideBySide({ atOnce: 2, room: 10 });
  const [one, two, three] = [held(), held(), held()];
  await tasks.begin(1, one.run);
  await tasks.begin(9, two.run);
  const third = tasks.begin(1, three.run);
  await settle();
  assertEquals(three.begun(), false);
  one.resolve();
  await third;
  const heavy = held();
  const fourth = tasks.begin(50, heavy.run);
  two.resolve();
  await settle();
  assertEquals(heavy.begun(), false); // over the limit: it runs alone
  three.resolve();
  await fourth;
  assertEquals(heavy.begun(), true);
  heavy.resolve();
  await tasks.end();
});

Deno.test("the first failure aborts all tasks, is thrown, and stops new tasks", async () => {
  const tasks = createSideBySide({ atOnce: 3, room: 10 });
  const [one, two] = [held(), held()];
  const ended = await tasks.begin(1, one.run);
  await tasks.begin(1, two.run);
  tasks.signal.addEventListener("abort", () => two.reject(new Error("aborted")));
  one.reject(new Error("first"));
  await assertRejects(ended, Error, "first");
  const never = held();
  await assertRejects(() => tasks.begin(1, never.run), Error, "first");
  await assertRejects(() => tasks.end(), Error, "first");
  assertEquals(never.begun(), false);
});
