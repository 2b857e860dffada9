import { assert, assertEquals, assertRejects } from "@std/assert";
import { isRegistryError, RegistryError } from "../../core/errors.ts";
import { type Channel, createChannel, type Methods } from "../../workers/channel.ts";
import { fromWire, toWire } from "../../workers/wire_error.ts";

/** Connects two ends in one thread, and clones messages as between two. */
function pair<T extends Methods>(
  methods: T,
  options: { stopMs?: number } = {},
): { caller: Channel<T>; sent: unknown[]; answerer: Channel<Methods> } {
  const sent: unknown[] = [];
  const clone = (message: unknown, transfer: Transferable[]) =>
    structuredClone(message, { transfer });
  const caller: Channel<T> = createChannel<T>({}, (message, transfer) => {
    const arrived = clone(message, transfer);
    sent.push(arrived);
    queueMicrotask(() => answerer.receive(arrived));
  }, options);
  const answerer = createChannel<Methods>(methods, (message, transfer) => {
    const arrived = clone(message, transfer);
    queueMicrotask(() => caller.receive(arrived));
  });
  return { caller, sent, answerer };
}

Deno.test("errors keep their code, fields, class, stack and causes", async () => {
  const { caller } = pair({
    fail: () => {
      const cause = new TypeError("inner", { cause: "a text" });
      throw new RegistryError({
        code: "Unavailable",
        action: "do it",
        state: "no",
        hint: "Try.",
        reason: { kind: "worker_lost" },
        key: "k",
        maybeWritten: true,
        cause,
      });
    },
    abort: () => {
      throw new DOMException("enough", "AbortError");
    },
    text: () => {
      // deno-lint-ignore no-throw-literal
      throw "a text";
    },
  });
  const error = await caller.call("fail", undefined).catch((error) => error);
  assert(isRegistryError(error, "Unavailable"));
  assertEquals([error.action, error.state, error.reason?.kind], ["do it", "no", "worker_lost"]);
  const { message, hint, key, maybeWritten } = error;
  assertEquals([message, hint, key, maybeWritten], ["Cannot do it: no", "Try.", "k", true]);
  const cause = error.cause as Error;
  assertEquals([cause.name, cause.message], ["TypeError", "inner"]);
  assert(error.stack!.includes("channel_test.ts"));
  const disk = toWire(Object.assign(new Error("full"), { code: "ENOSPC" }));
  assertEquals((fromWire(structuredClone(disk)) as { code?: string }).code, "ENOSPC");
  const aborted = await caller.call("abort", undefined).catch((error) => error);
  assertEquals([aborted.name, aborted.message], ["AbortError", "enough"]);
  assertEquals((await caller.call("text", undefined).catch((error) => error)).message, "a text");
});

Deno.test("an abort ends the call with its reason after the work has stopped", async () => {
  const stopped = Promise.withResolvers<void>();
  const { caller } = pair({
    work: async (_: undefined, signal: AbortSignal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await stopped.promise;
      return "too late";
    },
  }, { stopMs: 60_000 });
  const controller = new AbortController();
  const call = caller.call("work", undefined, { signal: controller.signal });
  let ended = false;
  const end = call.catch((error) => (ended = true, error));
  await Promise.resolve();
  controller.abort("mine");
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assert(!ended);
  stopped.resolve();
  assertEquals(await end, "mine");
});

Deno.test("work that does not stop is not awaited", async () => {
  const { caller } = pair({ forever: () => new Promise(() => {}) }, { stopMs: 1 });
  const controller = new AbortController();
  const call = caller.call("forever", undefined, { signal: controller.signal });
  controller.abort("mine");
  assertEquals(await call.catch((error) => error), "mine");
});

Deno.test("values that cannot be cloned fail their call", async () => {
  const { caller } = pair({ echo: (value: unknown) => value, bad: () => () => {} });
  await assertRejects(() => caller.call("echo", () => {}), DOMException);
  const error = await caller.call("bad", undefined).catch((error) => error);
  assertEquals(error.name, "DataCloneError");
  assertEquals(await caller.call("echo", 1), 1);
});

Deno.test("a closed channel fails pending and new calls and aborts work", async () => {
  const ended = Promise.withResolvers<void>();
  const { caller, answerer } = pair({
    forever: (_: undefined, signal: AbortSignal) =>
      new Promise<never>(() => signal.addEventListener("abort", () => ended.resolve())),
  });
  const call = caller.call("forever", undefined);
  await Promise.resolve();
  await Promise.resolve();
  caller.close(new Error("gone"));
  await assertRejects(() => call, Error, "gone");
  await assertRejects(() => caller.call("forever", undefined), Error, "gone");
  answerer.close(new Error("gone"));
  await ended.promise;
});
