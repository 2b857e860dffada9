import { assert, assertEquals, assertRejects } from "@std/assert";
import { exists } from "./support/exists.ts";
import { type ErrorCode, isRegistryError, RegistryError } from "../../core/errors.ts";
import type { StandardSchema } from "../../core/standard_schema.ts";
import { DISK_FAULTS } from "../../core/faults/meanings.ts";
import { realSystem } from "../../core/system.ts";
import { defineOperator, runOperator } from "../../operators/mod.ts";
import { exitCodeOf } from "../../operators/exit_codes.ts";
import type { OperatorContext } from "../../operators/mod.ts";
import { testInRoot } from "../support/temp_root.ts";
import { slowTest } from "../support/seeds.ts";

const command = () => ["true"];
const operatorOf = (run: (context: OperatorContext) => unknown) =>
  defineOperator({ run: run as () => void, command });

function rate(): StandardSchema<{ rate: number }> {
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate(value) {
        const { rate } = value as { rate?: unknown };
        if (rate === "0.5") return { value: { rate: 0.5 } };
        return {
          issues: [{ message: "must be a number", path: ["rate"] }, { message: "needs more" }],
        };
      },
    },
  };
}

testInRoot("an operator without a pipeline gets a temporary context", async (root) => {
  const seen: OperatorContext[] = [];
  const operator = defineOperator({
    run: async (context) => {
      seen.push(context);
      assert(await exists(context.inputRoot) && await exists(context.workspaceRoot));
      await Deno.writeTextFile(`${context.outputRoot}/a`, "a");
    },
    command,
  });
  const result = await runOperator(operator, { outputRoot: root.join("deep", "out") });
  const [{ operatorId, pipelineId, inputRoot, workspaceRoot, params }] = seen;
  assertEquals([operatorId, pipelineId, params], ["standalone", "standalone", {}]);
  assertEquals([result.exitCode, result.exit, result.outputRoot], [
    0,
    "ok",
    root.join("deep", "out"),
  ]);
  assertEquals([await exists(inputRoot), await exists(workspaceRoot)], [false, false]);
  assertEquals(await Deno.readTextFile(root.join("deep", "out", "a")), "a");
});

Deno.test("params are parsed by the schema, all issues are reported", async () => {
  const seen: unknown[] = [];
  const operator = defineOperator({
    params: rate(),
    run: ({ params }) => void seen.push(params.rate),
    command,
  });
  assertEquals((await runOperator(operator, { params: { rate: "0.5" } })).exitCode, 0);
  assertEquals(seen, [0.5]);
  const { exitCode, error } = await runOperator(operator, {
    params: { rate: "many" },
    operatorId: "train",
  });
  assertEquals(exitCode, 1);
  assertEquals(
    (error as RegistryError).message,
    'Cannot run operator "train": invalid params: rate: must be a number; needs more',
  );
  assertEquals(seen.length, 1);
});

testInRoot("a missing input ends with 2, and the operator does not run", async (root) => {
  let ran = false;
  const operator = operatorOf(() => void (ran = true));
  const result = await runOperator(operator, { inputRoot: root.join("missing") });
  assertEquals([result.exitCode, result.exit, ran], [2, "input", false]);
  assert(isRegistryError(result.error, "NotFound"));
});

Deno.test("a returned code is the exit code; other values are 3", async () => {
  for (const code of [0, 1, 2, 3, 4, 5]) {
    const result = await runOperator(operatorOf(() => code));
    assertEquals([result.exitCode, result.error], [code, undefined]);
  }
  for (const value of [6, -1, 1.5, NaN, "0", null, true, {}]) {
    const result = await runOperator(operatorOf(() => value as number), {
      operatorId: "odd",
    });
    assertEquals(result.exitCode, 3);
    assert(
      (result.error as Error).message.startsWith('Cannot use the exit code of operator "odd"'),
    );
  }
});

Deno.test("thrown errors are mapped to exit codes", async () => {
  const codes: Record<ErrorCode, number> = {
    Invalid: 1,
    NotFound: 2,
    Corrupt: 2,
    Unavailable: 4,
    Denied: 5,
    Unsupported: 5,
    AlreadyExists: 3,
    Conflict: 3,
    Unknown: 3,
    TaskFailed: 3,
  };
  for (const [code, expected] of Object.entries(codes)) {
    const error = new RegistryError({ code: code as ErrorCode, message: "Cannot do it: no" });
    const result = await runOperator(operatorOf(() => Promise.reject(error)));
    assertEquals([result.exitCode, result.error], [expected, error], code);
  }
  const thrown = (value: unknown) =>
    runOperator(operatorOf(() => {
      throw value;
    })).then(({ exitCode }) => exitCode);
  assertEquals(await thrown(Object.assign(new Error("full"), { code: "ENOSPC" })), 4);
  assertEquals(
    await thrown(
      new Error("copy", { cause: Object.assign(new Error("full"), { code: "ENOSPC" }) }),
    ),
    4,
  );
  assertEquals(
    await thrown(Object.assign(new Error("gone"), { code: "ENOENT", syscall: "open" })),
    2,
  );
  assertEquals(await thrown(new TypeError("no function")), 3);
  assertEquals(await thrown("a text"), 3);
  assertEquals(await thrown(undefined), 3);
});

slowTest("system errors are mapped to exit codes", async () => {
  const failure = (action: () => unknown) =>
    Promise.try(action).then(() => assert(false), (error) => exitCodeOf(error));
  const { execFileSync } = await import("node:child_process");
  assertEquals(await failure(() => execFileSync("no-such-program-anywhere")), 5);
  assertEquals(await failure(() => new ArrayBuffer(Number.MAX_SAFE_INTEGER)), 4);
  assertEquals(exitCodeOf(new Deno.errors.PermissionDenied("no")), 5);
  assertEquals(exitCodeOf(new Deno.errors.NotFound("No such file or directory (os error 2)")), 2);
  assertEquals(
    exitCodeOf(new Error("Cannot read the table", { cause: new Deno.errors.NotFound("a.csv") })),
    2,
  );
  assertEquals(await failure(() => new Deno.Command("no-such-program-anywhere").output()), 5);
  assertEquals(await failure(() => Deno.readTextFile("no-such-file-anywhere")), 2);
  assertEquals(exitCodeOf(new DOMException("it took too long", "TimeoutError")), 4); // of AbortSignal.timeout
  assertEquals(exitCodeOf(new Deno.errors.TimedOut("it took too long")), 4);
  assertEquals(exitCodeOf(Object.assign(new Error("connect"), { code: "ETIMEDOUT" })), 4);
});

Deno.test("every error of a disk has an exit code", () => {
  const exits: Record<string, number> = { NotFound: 2, Unavailable: 4, Denied: 5 };
  for (const [code, row] of Object.entries(DISK_FAULTS)) {
    const raw = Object.assign(new Error("raw"), { code, path: "/data/a" });
    assertEquals(exitCodeOf(raw), exits[row.code] ?? 3, code);
  }
});

Deno.test("a cancellation throws its reason", async () => {
  const reason = new Error("stop");
  for (const answer of ["returns", "throws"]) {
    const controller = new AbortController();
    const operator = operatorOf(({ signal }) => {
      controller.abort(reason);
      assert(signal.aborted);
      if (answer === "throws") throw new Error("other");
    });
    const error = await assertRejects(() => runOperator(operator, { signal: controller.signal }));
    assert(error === reason, answer);
  }
  const never = operatorOf(() => assert(false));
  await assertRejects(
    () => runOperator(never, { signal: AbortSignal.abort(reason) }),
    Error,
    "stop",
  );
});

Deno.test("times that no timer can wait are refused", async () => {
  const operator = operatorOf(() => {});
  for (const timeoutMs of [NaN, -1, 2 ** 31]) {
    const error = await assertRejects(
      () => runOperator(operator, {}, { timeoutMs }),
      RegistryError,
    );
    assertEquals([error.code, error.message], [
      "Invalid",
      `Cannot run an operator: timeoutMs is ${timeoutMs}`,
    ]);
  }
  await assertRejects(
    () => runOperator(operator, {}, { graceMs: NaN }),
    RegistryError,
    "graceMs is NaN",
  );
  const asked: number[] = [];
  const system = { ...realSystem, sleep: (ms: number) => Promise.resolve(void asked.push(ms)) };
  assertEquals((await runOperator(operator, {}, { timeoutMs: Infinity, system })).exitCode, 0);
  assertEquals(asked, []);
});

Deno.test("unknown members of a context and unknown options are refused", async () => {
  let ran = 0;
  const operator = operatorOf(() => ran++);
  const cases: [object, object, string][] = [
    [{ input_root: "in" }, {}, "unknown option input_root: did you mean inputRoot?"],
    [{ pipeline_id: "a" }, {}, "unknown option pipeline_id: did you mean pipelineId?"],
    [{}, { timeout: 5 }, "unknown option timeout"],
  ];
  for (const [context, options, message] of cases) {
    const error = await assertRejects(
      () => runOperator(operator, context, options),
      RegistryError,
      message,
    );
    assertEquals(error.code, "Invalid");
  }
  assertEquals(ran, 0);
});

Deno.test("an operator that ignores its signal is abandoned after the grace", async () => {
  const reason = new Error("stop");
  const controller = new AbortController();
  const asked: number[] = [];
  const system = { ...realSystem, sleep: (ms: number) => Promise.resolve(void asked.push(ms)) };
  const deaf = operatorOf(() => {
    controller.abort(reason);
    return new Promise(() => {});
  });
  const running = runOperator(deaf, { signal: controller.signal }, { system, graceMs: 70 });
  assert(await assertRejects(() => running) === reason);
  assertEquals(asked, [70]);
});

Deno.test("an operator that exceeds its timeout ends with 4", async () => {
  const time = Promise.withResolvers<void>();
  const system = { ...realSystem, sleep: () => time.promise };
  const slow = defineOperator({
    run: ({ signal }) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve(0));
        time.resolve();
      }),
    command,
  });
  const { exitCode, error } = await runOperator(slow, { operatorId: "slow" }, {
    system,
    timeoutMs: 30,
  });
  assertEquals(exitCode, 4);
  assertEquals((error as Error).message, 'Cannot finish operator "slow": timed out after 30 ms');
});

Deno.test("a temporary output root is removed if it is empty", async () => {
  const writes = operatorOf(({ outputRoot }) => Deno.writeTextFile(`${outputRoot}/a`, ""));
  const { outputRoot } = await runOperator(writes);
  assert(await exists(`${outputRoot}/a`));
  await Deno.remove(outputRoot, { recursive: true });
  const silent = await runOperator(operatorOf(() => {}));
  assertEquals(await exists(silent.outputRoot), false);
});

Deno.test("without a logger, warnings and errors are printed", async () => {
  const printed: unknown[] = [];
  const { warn, error, info } = console;
  console.warn = console.error = console.info = (word: unknown) => void printed.push(word);
  try {
    await runOperator(defineOperator({
      run({ logger }) {
        logger.info("began");
        logger.warn("slow");
        logger.error("lost");
      },
      command: () => ["true"],
    }));
  } finally {
    Object.assign(console, { warn, error, info });
  }
  assertEquals(printed, ["slow", "lost"]);
});
