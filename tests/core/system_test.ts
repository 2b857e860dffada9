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
import { runDeno } from "../support/run_deno.ts";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

Deno.test("the real system gives new ids that begin with the time, a clock, and numbers below one", () => {
  const begun = realSystem.now();
  const ids = Array.from({ length: 1_000 }, () => realSystem.id());
  assertEquals(new Set(ids).size, ids.length);
  for (const id of ids) {
    assertMatch(id, UUID_V7);
    const at = parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
    assert(at >= begun && at <= realSystem.now(), id);
  }
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
