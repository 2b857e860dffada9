import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { RegistryError } from "../../core/errors.ts";
import { retry, withDeadline } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";
import { denoSucceeds } from "../support/run_deno.ts";
import { slowTest } from "../support/seeds.ts";

/** A system whose `sleep` only moves the clock. */
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

/** An action that fails `times` times, then returns "done". */
function failing(times: number, failure: () => unknown = later) {
  const action = () => ++action.calls > times ? Promise.resolve("done") : Promise.reject(failure());
  action.calls = 0;
  return action;
}

Deno.test("retry() repeats until success, and reports each failure", async () => {
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

Deno.test("retry() waits below a limit that doubles up to five seconds", async () => {
  const system = new FakeSystem(() => 1 - Number.EPSILON / 2);
  await assertRejects(() => retry(failing(Infinity), { system, retryForMs: 60_000 }));
  const bounds = [40, 80, 160, 320, 640, 1280, 2560, 5000, 5000, 5000];
  assertEquals(system.slept.slice(0, bounds.length).map((ms) => Math.round(ms)), bounds);
});

Deno.test("retry() repeats only failures that may pass, by default or by `passes`", async () => {
  const denied = new RegistryError({ code: "Denied", message: "Cannot x: y" });
  for (const failure of [denied, new Error("bug"), "text", undefined]) {
    const action = failing(1, () => failure);
    const caught = await retry(action, { system: new FakeSystem() }).then(
      () => "nothing was thrown",
      (error) => error,
    );
    assertStrictEquals(caught, failure);
    assertEquals(action.calls, 1);
  }
  const system = new FakeSystem();
  const passes = (error: unknown) => error instanceof TypeError;
  assertEquals(await retry(failing(2, () => new TypeError("x")), { system, passes }), "done");
  await assertRejects(() => retry(failing(2), { system, passes }), RegistryError);
});

Deno.test("an abort ends retry() with the failure, or the reason while it sleeps", async () => {
  const running = new AbortController();
  const reason = new Error("enough");
  const system = new FakeSystem();
  const action = failing(Infinity, () => (running.abort(reason), later()));
  const error = await assertRejects(
    () => retry(action, { system, signal: running.signal }),
    RegistryError,
  );
  assertEquals([error.code, action.calls], ["Unavailable", 1]);
  const sleeping = new AbortController();
  const { signal } = sleeping;
  const other = failing(Infinity);
  const onRetry = () => sleeping.abort(reason);
  const ended = await assertRejects(() => retry(other, { system, signal, onRetry }));
  assertStrictEquals(ended, reason);
  assertEquals(other.calls, 1);
});

Deno.test("retry() sends nothing after its time, and throws the last failure", async () => {
  for (const drawn of [0.01, 0.3, 0.99]) {
    for (const retryForMs of [0, 39, 1_000, 30_000]) {
      const system = new FakeSystem(() => drawn);
      const failures: unknown[] = [];
      let sentAt = 0;
      const action = () => {
        sentAt = system.nowMs;
        system.nowMs += 10; // the action takes time, too
        failures.push(later());
        return Promise.reject(failures.at(-1));
      };
      const error = await assertRejects(() => retry(action, { system, retryForMs }));
      assertStrictEquals(error, failures.at(-1));
      assertLessOrEqual(sentAt, retryForMs);
    }
  }
});

Deno.test("retries of an action that takes long are counted from its first failure", async () => {
  const system = new FakeSystem();
  const slow = failing(2);
  const action = () => {
    if (slow.calls === 0) system.nowMs += 60_000;
    return slow();
  };
  const options = { system, retryForMs: 1_000, fromFailure: true };
  assertEquals(await retry(action, options), "done");
});

Deno.test("a wait with a limit ends by its promise, its signal or the limit", async () => {
  const never = new Promise<never>(() => {});
  assertEquals(await withDeadline(Promise.resolve(1), { timeoutMs: 600_000 }), 1);
  const late = await assertRejects(() => withDeadline(never, { timeoutMs: 1 }), DOMException);
  assertEquals(late.name, "TimeoutError");
  const stopped = new Error("stopped");
  const abort = new AbortController();
  const waiting = withDeadline(never, { timeoutMs: 600_000, signal: abort.signal });
  abort.abort(stopped);
  assertStrictEquals(await assertRejects(() => waiting), stopped);
});

slowTest("waits that are over keep nothing until their limit", async () => {
  const program = `
    const { withDeadline } = await import("${new URL("../../core/retry.ts", import.meta.url)}");
    const wait = async (count) => {
      for (let i = 0; i < count; i++) await withDeadline(Promise.resolve(), { timeoutMs: 600_000 });
      gc();
      return Deno.memoryUsage().heapUsed;
    };
    const before = await wait(100);
    console.log(await wait(20_000) - before);
    Deno.exit();`;
  const flags = ["--no-check", "--ext=ts", "--v8-flags=--expose-gc"];
  const { stdout } = await denoSucceeds(["eval", ...flags, program]);
  assert(Number(stdout) < 5_000_000, `${stdout} bytes`); // 11 MB if each keeps a timer
});
