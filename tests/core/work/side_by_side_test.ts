import { assertEquals, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import { createSideBySide } from "../../../core/work/side_by_side.ts";

/** A task that ends when the test says so. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let begun = false;
  return { resolve, reject, begun: () => begun, run: () => (begun = true, promise) };
}

/** Lets everything happen that waits for nothing else. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

Deno.test("tasks begin in order, and wait for room by number and by weight", async () => {
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
  assertEquals(heavy.begun(), false); // too heavy for any room: it runs alone
  three.resolve();
  await fourth;
  assertEquals(heavy.begun(), true);
  heavy.resolve();
  await tasks.end();
});

Deno.test("the first failure ends the others, is what everybody hears, and nothing begins after it", async () => {
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
