import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import type { JobOptions, JobUsage } from "../../../core/executor.ts";
import type { OperatorJob } from "../../../operators/contract/operator.ts";
import { exitCodeOf } from "../../../operators/exit_codes.ts";
import { createOperatorExecutor } from "../../../workers/operators/mod.ts";
import type { OperatorExecutorOptions } from "../../../workers/operators/mod.ts";
import { runDeno } from "../../support/run_deno.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";

const MODULE = new URL("./operators.ts", import.meta.url);
const ENTRY = new URL("../../../workers/operators/mod.ts", import.meta.url).href;

function job(root: TempRoot, key: string, params: Record<string, unknown> = {}): OperatorJob {
  const folders = { inputRoot: root.path, outputRoot: root.path, workspaceRoot: root.path };
  return {
    key,
    context: { pipelineId: "p", nodeId: "n", operatorId: "one", ...folders, params, env: {} },
  };
}

/** Runs an operator, and checks that no thread is left. */
async function run(
  one: OperatorJob,
  options: JobOptions = {},
  own: Partial<OperatorExecutorOptions> = {},
) {
  const executor = createOperatorExecutor({ module: MODULE, ...own });
  try {
    return await executor.run("operator", one, options);
  } finally {
    assertEquals(executor.running, 0);
  }
}

testInRoot(
  "an operator runs on a thread, with its logs and prints in order",
  async (root) => {
    await Deno.mkdir(root.join("in"));
    await Deno.writeTextFile(root.join("in", "a"), "text");
    const { key, context } = job(root, "upper", { lr: 1 });
    const logs: string[] = [];
    const usages: JobUsage[] = [];
    const { exitCode } = await run({
      key,
      context: { ...context, inputRoot: root.join("in"), env: { TOKEN: "t" } },
    }, {
      onLog: (level, text) => void logs.push(`${level} ${text}`),
      onUsage: (usage) => void usages.push(usage),
    });
    assertEquals([exitCode, await Deno.readTextFile(root.join("text"))], [0, "TEXT"]);
    assertEquals(logs, ["info printed 1", 'warn thread true t {"lr":1}']);
    assert(usages.length > 0);
    assert(usages.every(({ bytes, cpuSeconds }) => bytes > 1_000_000 && cpuSeconds >= 0));
  },
);

testInRoot("operators end with the same exit codes as on this thread", async (root) => {
  const endOf = async (key: string, params = {}) => {
    const { exitCode, error } = await run(job(root, key, params));
    return [exitCode, (error as Error | undefined)?.message];
  };
  assertEquals(await endOf("ends", { code: 5 }), [5, undefined]);
  assertEquals((await endOf("ends", { code: 9 }))[0], 3);
  assertEquals(await endOf("throws"), [4, "boom"]);
  assertEquals((await endOf("picky"))[0], 2);
  const typed = await endOf("typed", { lr: "much" });
  assertEquals(typed[0], 1);
  assertStringIncludes(`${typed[1]}`, "lr: must be a number");
  assertEquals(await endOf("typed", { lr: 0.5 }), [0, undefined]);
});

testInRoot(
  "an operator fails if it ends its thread or has an uncaught error",
  async (root) => {
    const exits = await assertRejects(() => run(job(root, "exits")), RegistryError);
    assertEquals(
      exits.message,
      'Cannot finish operator "one": it ended its thread with exit code 0',
    );
    const leaves = await assertRejects(() => run(job(root, "leaves")), Error);
    assertEquals([exitCodeOf(exits), exitCodeOf(leaves)], [3, 3]);
    assertStringIncludes(leaves.message, "JSON");
  },
);

testInRoot(
  "an abort reaches the operator and throws its reason after it ended",
  async (root) => {
    const reason = new Error("stop");
    const logs: string[] = [];
    for (const key of ["listens", "deaf"]) {
      const controller = new AbortController();
      const onLog = (_level: string, text: string) => {
        logs.push(text);
        if (text === "ready") controller.abort(reason);
      };
      const graceMs = key === "deaf" ? 20 : 3_600_000; // a listening operator is awaited
      const running = run(job(root, key), { signal: controller.signal, onLog }, { graceMs });
      assert(await assertRejects(() => running) === reason);
    }
    assertEquals(logs, ["ready", "aborted", "ready"]);
    await assertRejects(
      () => run(job(root, "exits"), { signal: AbortSignal.abort(reason) }),
      Error,
      "stop",
    );
  },
);

testInRoot("missing modules, exports and keys have errors", async (root) => {
  const messageOf = async (module: string | URL, key = "upper") => {
    const error = await assertRejects(() => run(job(root, key), {}, { module }), RegistryError);
    return [error.code, error.message];
  };
  const [code, message] = await messageOf(new URL("./missing.ts", import.meta.url));
  assertEquals(code, "Invalid");
  assertStringIncludes(message, "cannot be imported");
  assertStringIncludes((await messageOf(ENTRY))[1], "does not export operators");
  assertEquals((await messageOf(MODULE, "other"))[0], "NotFound");
});

/** Runs operators in another process, which they may damage. */
async function runAlone(root: TempRoot, source: string) {
  await Deno.writeTextFile(
    root.join("program.ts"),
    `import { createOperatorExecutor } from ${JSON.stringify(ENTRY)};
    const folder = ${JSON.stringify(root.path)};
    const folders = { inputRoot: folder, outputRoot: folder, workspaceRoot: folder };
    const jobOf = (key, params = {}) => (
      { key, context: { pipelineId: "p", nodeId: "n", operatorId: "one", ...folders, params, env: {} } }
    );
    const module = ${JSON.stringify(MODULE.href)};
    ${source}`,
  );
  const { code, stdout, stderr } = await runDeno(root.join("program.ts"), [], {
    permissions: ["-A"],
  });
  assertEquals(code, 0, stderr);
  return stdout.trim().split("\n");
}

testInRoot(
  "an endless loop is ended and blocks neither its caller nor the program",
  async (root) => {
    const lines = await runAlone(
      root,
      `const executor = createOperatorExecutor({ module, graceMs: 20 });
    const controller = new AbortController();
    const onLog = () => controller.abort(new Error("stop"));
    await executor.run("operator", jobOf("loops"), { signal: controller.signal, onLog })
      .catch((error) => console.log(error.message, executor.running));`,
    );
    assertEquals(lines, ["stop 0"]);
  },
);

for (const kind of ["heap", "buffers"]) {
  testInRoot(
    `an operator whose ${kind} exceed its limit ends, and the program continues`,
    async (root) => {
      const lines = await runAlone(
        root,
        `const executor = createOperatorExecutor({ module, sampleEveryMs: 20 });
      const job = { ...jobOf("hoards", { kind: "${kind}" }), maxBytes: 50_000_000 };
      await executor.run("operator", job).catch((error) => console.log(error.code, error.message));`,
      );
      assertEquals(lines.length, 1);
      assert(
        /^Unavailable Cannot finish operator "one": (its heap is full|it used \d+ bytes of memory), the limit is 50000000$/
          .test(lines[0]),
      );
    },
  );
}
