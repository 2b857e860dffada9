import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import fc from "fast-check";
import { realSystem, uuidv7 } from "../../core/system.ts";
import { runDeno } from "../support/run_deno.ts";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const tenBytes = fc.uint8Array({ minLength: 10, maxLength: 10 });
const time = fc.nat({ max: 2 ** 48 - 1 });

Deno.test("uuidv7() gives the example of RFC 9562", () => {
  // Appendix A.6: 2022-02-22 14:22:22 -05:00, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F
  const random = Uint8Array.of(0xcc, 0x31, 0x8c, 0x4d, 0xc0, 0xc0, 0xc0, 0x73, 0x98, 0xf0);
  assertEquals(uuidv7(0x017f22e279b0, random), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
});

Deno.test("uuidv7() has the form of a version 7 UUID, whatever the time and the random bytes", () => {
  fc.assert(fc.property(time, tenBytes, (nowMs, random) => UUID_V7.test(uuidv7(nowMs, random))));
});

Deno.test("ids sort by the millisecond they were made in", () => {
  const check = fc.property(time, time, tenBytes, tenBytes, (a, b, x, y) => {
    fc.pre(a !== b);
    assertEquals(uuidv7(a, x) < uuidv7(b, y), a < b);
  });
  fc.assert(check);
});

Deno.test("the real system gives new ids, a clock, and numbers below one", () => {
  const ids = Array.from({ length: 1_000 }, () => realSystem.id());
  assertEquals(new Set(ids).size, ids.length);
  for (const id of ids) assertMatch(id, UUID_V7);
  assertGreaterOrEqual(realSystem.now(), Date.UTC(2025, 0)); // milliseconds since 1970, not seconds
  const before = realSystem.monotonic();
  assertGreaterOrEqual(realSystem.monotonic(), before);
  assertLess(realSystem.random(), 1);
  assertGreaterOrEqual(realSystem.random(), 0);
});

Deno.test("the environment is read, and a variable that is not set is undefined", () => {
  assertEquals(typeof realSystem.env("PATH"), "string");
  assertEquals(realSystem.env("HOLDFAST_NOBODY_SETS_THIS"), undefined);
});

Deno.test(
  "sleep() ends with the signal's reason, before and while it sleeps, and leaves no timer",
  {
    sanitizeOps: true,
  },
  async () => {
    const reason = new Error("enough");
    assertStrictEquals(
      await assertRejects(() => realSystem.sleep(60_000, AbortSignal.abort(reason))),
      reason,
    );
    const controller = new AbortController();
    const asleep = realSystem.sleep(60_000, controller.signal);
    controller.abort(reason);
    assertStrictEquals(await assertRejects(() => asleep), reason);
  },
);

Deno.test("sleep() resolves, and an abort afterwards changes nothing", async () => {
  const controller = new AbortController();
  await realSystem.sleep(0, controller.signal);
  controller.abort();
});

Deno.test("sleep() for longer than a timer can wait does not end at once", async () => {
  const reason = new Error("enough");
  for (const ms of [2 ** 31, Infinity]) {
    const controller = new AbortController();
    const asleep = realSystem.sleep(ms, controller.signal).then(() =>
      assert(false, `${ms} ms passed`)
    );
    const failure = assertRejects(() => asleep);
    await realSystem.sleep(10);
    controller.abort(reason);
    assertStrictEquals(await failure, reason);
  }
});

Deno.test("the names of the environment are those of its variables", () => {
  const names = realSystem.envNames!();
  assertEquals(names.includes("PATH"), realSystem.env("PATH") !== undefined);
});

Deno.test("taken variables are gone from this process and its children, and left in the returned system", async () => {
  const ran = await runDeno("tests/core/take_variables.ts", [], {
    permissions: ["-A"],
    env: { TAKEN: "secret" },
  });
  assertEquals([ran.code, ran.stderr], [0, ""]);
  assertEquals(JSON.parse(ran.stdout), {
    ownValue: null,
    childHasIt: false,
    taken: "secret",
    namesOfTaken: [true, false],
    without: [null, false],
  });
});
