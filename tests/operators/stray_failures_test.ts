import { assertEquals } from "@std/assert";
import { EventEmitter } from "node:events";
import process from "node:process";
import { realSystem } from "../../core/system.ts";
import { defineOperator, type OperatorContext, runOperator } from "../../operators/mod.ts";
import { listenForStrays } from "../../core/work/stray_failures.ts";
import { testInRoot } from "../support/temp_root.ts";

const wait = (ms: number) => realSystem.sleep(ms);
// deno-lint-ignore holdfast/injected-world -- user code does so
const inTimer = (act: () => void) => void setTimeout(act, 1);
const fail = () => {
  throw new Error("nobody waits for this");
};

/** Failures that nothing awaits, and whether the runtime tells whose they are. */
const STRAYS: Record<string, [cause: (context: OperatorContext) => unknown, isKnown: boolean]> = {
  "a promise without await": [() => void wait(1).then(fail), true],
  // deno-lint-ignore require-await -- user code does so
  "an async function without await": [() => void (async () => fail())(), true],
  "a rejection in the last statement": [
    () => void Promise.reject(new Error("nobody waits for this")),
    true,
  ],
  "one of several promises": [() => void Promise.all([wait(1), wait(2).then(fail)]), true],
  "a timer": [() => inTimer(fail), false],
  "an emitter without a listener": [
    () => inTimer(() => new EventEmitter().emit("error", new Error("nobody waits for this"))),
    false,
  ],
};

/** Runs a leaking operator beside one that succeeds when the failure was noticed. */
async function runBeside(
  cause: (context: OperatorContext) => unknown,
  { waits, afterwards }: { waits: boolean; afterwards?: () => void },
) {
  const known: string[] = [], unknown: unknown[] = [];
  const noticed = Promise.withResolvers<void>();
  const stop = listenForStrays({
    onLate({ message }) {
      known.push(message);
      noticed.resolve();
    },
    onUnknown(error) {
      unknown.push(error);
      noticed.resolve();
    },
  });
  try {
    const command = () => ["true"];
    const leaky = defineOperator({
      async run(context) {
        cause(context);
        if (!waits) return;
        await new Promise((_, reject) => context.signal.addEventListener("abort", reject));
      },
      command,
    });
    const good = defineOperator({ run: () => noticed.promise, command });
    const running = runOperator(good, { operatorId: "good" });
    const leak = await runOperator(leaky, { operatorId: "leaky" });
    if (waits) noticed.resolve();
    afterwards?.();
    return { leak, good: await running, known, unknown };
  } finally {
    stop();
  }
}

const MESSAGE = 'Cannot finish "leaky": nothing awaits its failure: nobody waits for this';

for (const [what, [cause, isKnown]] of Object.entries(STRAYS)) {
  testInRoot(`${what} fails no other operator`, async () => {
    const { leak, good, known, unknown } = await runBeside(cause, { waits: isKnown });
    assertEquals([good.exitCode, leak.exitCode], [0, isKnown ? 3 : 0]);
    assertEquals([known, unknown.length], [[], isKnown ? 0 : 1]);
    if (isKnown) assertEquals((leak.error as Error).message, MESSAGE);
  });
}

testInRoot("a failure after the end of its operator is reported", async () => {
  const later = Promise.withResolvers<void>();
  const cause = () => void later.promise.then(fail);
  const { leak, known } = await runBeside(cause, { waits: false, afterwards: later.resolve });
  assertEquals([leak.exitCode, known], [0, [MESSAGE]]);
});

Deno.test("programs keep their own policy for such failures", async () => {
  const count = () => process.listenerCount("unhandledRejection");
  const before = count();
  await runOperator(defineOperator({ run() {}, command: () => ["true"] }));
  assertEquals(count(), before);
});
