import { assert, assertEquals, assertLess, assertRejects, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { RegistryError } from "../../core/errors.ts";
import { backoffMs, isPassing, retry } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";

/** A world in which sleeping only moves the clock. */
class FakeSystem implements System {
  nowMs = 0;
  slept: number[] = [];
  readonly draw: () => number;
  constructor(draw: () => number = () => 0.5) {
    this.draw = draw;
  }
  now(): number {
    return this.nowMs;
  }
  monotonic(): number {
    return this.nowMs;
  }
  random(): number {
    return this.draw();
  }
  id(): string {
    return "id";
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.slept.push(ms);
    this.nowMs += ms;
    return Promise.resolve();
  }
  env(): undefined {}
}

const later = () => new RegistryError({ code: "Unavailable", message: 'Cannot get "a": no reply' });

/** An action that fails so often, then gives "done". */
function failing(times: number, failure: () => unknown = later) {
  const action = () => ++action.calls > times ? Promise.resolve("done") : Promise.reject(failure());
  action.calls = 0;
  return action;
}

Deno.test("retry() returns what the first success returns, and does not sleep without need", async () => {
  const system = new FakeSystem();
  const action = failing(0);
  assertEquals(await retry(action, { system }), "done");
  assertEquals([action.calls, system.slept.length], [1, 0]);
});

Deno.test("retry() repeats what may pass until it succeeds, and says so", async () => {
  const system = new FakeSystem();
  const heard: number[] = [];
  const action = failing(5);
  assertEquals(
    await retry(action, { system, onRetry: (_error, attempt) => heard.push(attempt) }),
    "done",
  );
  assertEquals(heard, [1, 2, 3, 4, 5]);
  assertEquals([action.calls, system.slept.length], [6, 5]);
});

Deno.test("retry() waits evenly spread below a bound that doubles up to five seconds", async () => {
  const system = new FakeSystem(() => 1 - Number.EPSILON / 2);
  await assertRejects(() => retry(failing(Infinity), { system, retryForMs: 60_000 }));
  const bounds = [40, 80, 160, 320, 640, 1280, 2560, 5000, 5000, 5000];
  assertEquals(system.slept.slice(0, bounds.length).map((ms) => Math.round(ms)), bounds);
});

Deno.test("backoffMs() never leaves its bounds", () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const check = fc.property(fc.nat(), random, (attempt, draw) => {
    const ms = backoffMs(attempt, () => draw);
    assert(ms >= 0 && ms < Math.min(5_000, 20 * 2 ** attempt), `${ms}`);
  });
  fc.assert(check);
});

Deno.test("retry() sleeps and sends nothing past its time, and throws the last failure", async () => {
  const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const check = fc.asyncProperty(
    fc.array(draw, { minLength: 1 }),
    fc.nat({ max: 50_000 }),
    async (draws, retryForMs) => {
      let next = 0;
      const system = new FakeSystem(() => draws[next++ % draws.length] * 0.99 + 0.01);
      const failures: unknown[] = [];
      const sentAt: number[] = [];
      const action = () => {
        sentAt.push(system.nowMs);
        failures.push(later());
        return Promise.reject(failures.at(-1));
      };
      const error = await assertRejects(() => retry(action, { system, retryForMs }));
      assertStrictEquals(error, failures.at(-1));
      assert(sentAt.at(-1)! <= retryForMs, `sent after ${sentAt.at(-1)} of ${retryForMs} ms`);
    },
  );
  await fc.assert(check);
});

Deno.test("retry() counts the time that the action takes", async () => {
  const system = new FakeSystem();
  const action = failing(Infinity, () => (system.nowMs += 20_000, later()));
  await assertRejects(() => retry(action, { system, retryForMs: 30_000 }));
  assertEquals(action.calls, 2);
});

Deno.test("retry() does not repeat what will not pass", async () => {
  for (
    const failure of [
      new RegistryError({ code: "Denied", message: "Cannot x: y" }),
      new Error("bug"),
      "text",
      undefined,
    ]
  ) {
    const system = new FakeSystem();
    const action = failing(1, () => failure);
    const caught = await retry(action, { system }).then(
      () => "nothing was thrown",
      (error) => error,
    );
    assertStrictEquals(caught, failure);
    assertEquals(action.calls, 1);
  }
});

Deno.test("retry() repeats what the caller says may pass, and nothing else", async () => {
  const system = new FakeSystem();
  const passes = (error: unknown) => error instanceof TypeError;
  assertEquals(await retry(failing(2, () => new TypeError("x")), { system, passes }), "done");
  await assertRejects(() => retry(failing(2), { system, passes }), RegistryError);
});

Deno.test("an abort while the action runs ends it with the failure", async () => {
  const system = new FakeSystem();
  const controller = new AbortController();
  const action = failing(Infinity, () => (controller.abort(new Error("enough")), later()));
  const error = await assertRejects(
    () => retry(action, { system, signal: controller.signal }),
    RegistryError,
  );
  assertEquals(error.code, "Unavailable");
  assertEquals(action.calls, 1);
});

Deno.test("an abort while it sleeps ends it with the signal's reason", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const system = new FakeSystem();
  const action = failing(Infinity);
  const onRetry = () => controller.abort(reason);
  const error = await assertRejects(() =>
    retry(action, { system, signal: controller.signal, onRetry })
  );
  assertStrictEquals(error, reason);
  assertEquals(action.calls, 1);
});

Deno.test("a failure passes when it says that the same call may succeed later", () => {
  assert(isPassing(later()));
  assert(isPassing(new RegistryError({ code: "Denied", message: "Cannot x: y", retry: "later" })));
  assert(
    !isPassing(new RegistryError({ code: "Unavailable", message: "Cannot x: y", retry: "never" })),
  );
  assert(!isPassing(new RegistryError({ code: "Unknown", message: "Cannot x: y" })));
  assert(!isPassing(new Error("x")));
});

Deno.test("retry() wakes writers that failed together at different times", () => {
  let seed = 1;
  const draw = () => (seed = (seed * 48_271) % 0x7fffffff) / 0x7fffffff;
  const waits = Array.from({ length: 100 }, () => backoffMs(6, draw));
  const mean = waits.reduce((sum, ms) => sum + ms) / waits.length;
  assertLess(Math.abs(mean - 640), 120); // half of 1280: evenly spread, not bunched at either end
  assertEquals(new Set(waits).size, waits.length);
});
