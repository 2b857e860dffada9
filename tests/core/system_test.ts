import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { realSystem } from "../../core/system.ts";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

Deno.test("the real system provides time-ordered ids, clocks, and random numbers", () => {
  const begun = realSystem.now();
  const ids = Array.from({ length: 1_000 }, () => realSystem.id());
  assertEquals(new Set(ids).size, ids.length);
  for (const id of ids) {
    assertMatch(id, UUID_V7);
    const at = parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
    assert(at >= begun && at <= realSystem.now(), id);
  }
  assertGreaterOrEqual(realSystem.now(), Date.UTC(2025, 0)); // milliseconds, not seconds
  const before = realSystem.monotonic();
  assertGreaterOrEqual(realSystem.monotonic(), before);
  assertLess(realSystem.random(), 1);
  assertGreaterOrEqual(realSystem.random(), 0);
});

Deno.test("the environment is readable, and a missing variable is undefined", () => {
  assertEquals(typeof realSystem.env("PATH"), "string");
  assertEquals(realSystem.env("HOLDFAST_NOBODY_SETS_THIS"), undefined);
  assertEquals(realSystem.envNames!().includes("PATH"), true);
});

Deno.test("an abort ends sleep() with the reason, and leaves no timer", async () => {
  const reason = new Error("enough");
  const aborted = AbortSignal.abort(reason);
  const before = await assertRejects(() => realSystem.sleep(60_000, aborted));
  assertStrictEquals(before, reason);
  const controller = new AbortController();
  const asleep = realSystem.sleep(60_000, controller.signal);
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => asleep), reason);
  const late = new AbortController();
  await realSystem.sleep(0, late.signal);
  late.abort(); // has no effect
});

Deno.test("sleep() works for times longer than a timer", async () => {
  const reason = new Error("enough");
  for (const ms of [2 ** 31, Infinity]) {
    const controller = new AbortController();
    const asleep = realSystem.sleep(ms, controller.signal).then(() => assert(false, `${ms} ms`));
    const failure = assertRejects(() => asleep);
    await realSystem.sleep(10);
    controller.abort(reason);
    assertStrictEquals(await failure, reason);
  }
});
