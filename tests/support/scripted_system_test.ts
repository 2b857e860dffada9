import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { createScriptedSystem, seededRandom } from "./scripted_system.ts";

Deno.test("a scripted clock stands still until it is moved", () => {
  const system = createScriptedSystem({ startAt: 1_000 });
  assertEquals([system.now(), system.now(), system.monotonic()], [1_000, 1_000, 0]);
  system.advance(50);
  assertEquals([system.now(), system.monotonic()], [1_050, 50]);
  system.setWallClock(10);
  assertEquals([system.now(), system.monotonic()], [10, 50]);
});

Deno.test("sleep in a scripted world moves the clocks, takes no time, and can be aborted", async () => {
  const system = createScriptedSystem();
  await system.sleep(86_400_000);
  assertEquals([system.monotonic(), system.slept], [86_400_000, [86_400_000]]);
  const controller = new AbortController();
  const sleeping = system.sleep(5, controller.signal);
  controller.abort(new Error("enough"));
  await assertRejects(() => sleeping, Error, "enough");
  await assertRejects(() => system.sleep(5, controller.signal), Error, "enough");
  assertEquals(system.slept.length, 2);
});

Deno.test("scripted randomness and ids are the same for the same seed, and spread", () => {
  const ids = [1, 1, 2].map((seed) => createScriptedSystem({ seed }).id());
  assertEquals(ids[0], ids[1]);
  assertNotEquals(ids[0], ids[2]);
  const random = seededRandom(7);
  const counts = new Array<number>(10).fill(0);
  for (let draw = 0; draw < 10_000; draw++) counts[Math.floor(random() * 10)]++;
  assert(counts.every((count) => count > 900 && count < 1_100), counts.join(" "));
});

Deno.test("a scripted environment has what it was given", () => {
  const system = createScriptedSystem({ environment: { HOLDFAST_REGISTRY: "./here" } });
  assertEquals([system.env("HOLDFAST_REGISTRY"), system.env("HOME")], ["./here", undefined]);
});
