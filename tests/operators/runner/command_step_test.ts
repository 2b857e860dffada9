import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as v from "npm:valibot@^1.5";
import { openRegistry } from "../../../mod.ts";
import { realSystem } from "../../../core/system.ts";
import type { PipelineStep } from "../../../operators/contract/pipeline.ts";
import { createOperators, type OperatorContext } from "../../../operators/mod.ts";
import { runPipeline } from "../../../operators/runner/mod.ts";
import type { RunEvent, RunPipelineOptions } from "../../../operators/runner/mod.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { pipeline, step } from "./pipelines.ts";

const sh = (script: string, members: Partial<PipelineStep> = {}) =>
  step("clean", { runAs: "command", startCommand: ["bash", "-c", script], ...members });

async function run(root: TempRoot, one: PipelineStep, options: Partial<RunPipelineOptions> = {}) {
  await using registry = await openRegistry("memory:");
  await registry.save("data:raw", "raw");
  const operators = createOperators({
    upper: {
      run: () => assert(false, "it is to run as a command"),
      command: ({ inputRoot, outputRoot, params }: OperatorContext) => [
        "bash",
        "-c",
        `cat "${inputRoot}"/* | tr a-z A-Z > "${outputRoot}/text"; echo "$OPERATOR_ID ${params.lr} $HOLDFAST_PARAMS"`,
      ],
    },
  });
  const said: string[] = [];
  const onEvent = (event: RunEvent) =>
    void (event.type === "log" && said.push(`${event.level}: ${event.line}`));
  const result = await runPipeline(pipeline([one]), {
    registry,
    operators,
    root: root.path,
    onEvent,
    ...options,
  });
  const output = await registry.open("nightly:output:clean").catch(() => undefined);
  const text = await output?.file("text").bytes();
  return { ...result.steps.clean, said, text: text && new TextDecoder().decode(text) };
}

testInRoot("a command reads, writes and logs as a step", async (root) => {
  await Deno.writeTextFile(
    root.join("script.sh"),
    'cat "$INPUT_ROOT"/* > "$OUTPUT_ROOT/text"; echo careful >&2',
  );
  const { end, text, said } = await run(
    root,
    sh("source ./script.sh", { inputs: { data: "registry:data:raw" } }),
  );
  assertEquals([end, text, said], ["ran", "raw", ["stderr: careful"]]);
});

testInRoot("a step waits for the rest of its outputs, and names what it stops", async (root) => {
  const script = `seq 50000 | tee >(sort -r | tail -n 1 > "$OUTPUT_ROOT/text") > /dev/null
    sleep 3600 &`;
  const { end, text, said } = await run(root, sh(script));
  assertEquals([end, text], ["ran", "1\n"]);
  assertMatch(said.join("\n"), /^warn: stopping processes that it left: (bash|sleep) \(\d+\)$/m);
});

testInRoot("run_as command uses the operator's command", async (root) => {
  const inputs = { data: "registry:data:raw" };
  const one = step("clean", { operator: "upper", runAs: "command", inputs, params: { lr: 0.1 } });
  const { end, text, said } = await run(root, one);
  assertEquals([end, text, said], ["ran", "RAW", ['stdout: clean 0.1 {"lr":0.1}']]);
});

testInRoot("input is validated wherever a step runs", async (root) => {
  const operators = createOperators({
    picky: { run() {}, command: () => ["true"], validateInput: () => false },
  });
  const loose = createOperators({ picky: { run() {}, command: () => ["true"] } });
  const cases: [PipelineStep["runAs"], typeof operators, number][] = [
    ["thread", operators, 2],
    ["command", operators, 2],
    ["thread", loose, 0],
    ["command", loose, 0],
  ];
  for (const [runAs, set, expected] of cases) {
    const one = step("clean", { operator: "picky", runAs });
    assertEquals((await run(root, one, { operators: set })).exitCode, expected, runAs);
  }
});

testInRoot("a failed command fails its step without output", async (root) => {
  const failed = await run(root, sh('echo half > "$OUTPUT_ROOT/text"; exit 2'));
  assertEquals([failed.end, failed.exitCode, failed.exit, failed.text], [
    "failed",
    2,
    "input",
    undefined,
  ]);
  assertStringIncludes(failed.reason!, "it exited with code 2");
  const missing = await run(root, sh("", { startCommand: ["no-such-program"] }));
  assertEquals([missing.exitCode, missing.exit], [5, "environment"]);
});

testInRoot("a command does not get the engine's URL, and its password is masked", async (root) => {
  for (
    const url of [
      "redis://me:s3cret%2Fword@host:6379",
      "postgres://host/db?password=s3cret%2Fword",
    ]
  ) {
    const names = () => [...realSystem.envNames!(), "HOLDFAST_ENGINE"];
    const env = (name: string) => name === "HOLDFAST_ENGINE" ? url : realSystem.env(name);
    const script = 'echo "[$HOLDFAST_ENGINE]"; echo s3cret/word >&2; exit 3'; // it may know it from elsewhere
    const { end, said, reason } = await run(root, sh(script), {
      system: { ...realSystem, env, envNames: names },
    });
    assertEquals([end, said.length > 2], ["failed", true]);
    assertStringIncludes(said.join("\n"), "[]");
    assertStringIncludes(said.join("\n"), "***");
    assertEquals(/s3cret/.test(`${said.join("\n")} ${reason}`), false, said.join("\n"));
  }
});

/** Failures, and how often a step with three attempts tries. */
const FAILURES: Record<string, [members: Partial<PipelineStep>, attempts: number, why: RegExp]> = {
  "exit code 1 of a command": [{ startCommand: ["sh", "-c", "exit 1"] }, 3, /attempt 3 of 3/],
  "exit code 2 of a command": [{ startCommand: ["sh", "-c", "exit 2"] }, 3, /attempt 3 of 3/],
  "exit code 99 of a command": [{ startCommand: ["sh", "-c", "exit 99"] }, 3, /attempt 3 of 3/],
  "a missing program": [{ startCommand: ["no-such-program"] }, 3, /attempt 3 of 3/],
  "exit code 1 of an operator's command": [{ operator: "failing" }, 3, /attempt 3 of 3/],
  "wrong parameters": [{ operator: "strict" }, 1, /exit code 1 \(configuration\) usually recurs/],
  "a missing secret": [
    { startCommand: ["true"], env: { KEY: { from_env: "NO_SUCH_VARIABLE" } } },
    1,
    /exit code 1 \(configuration\) usually recurs/,
  ],
  "exit code 2 of a function": [
    { operator: "failing", runAs: "thread" },
    1,
    /exit code 2 \(input\) usually recurs; list it in retries\.exit_codes/,
  ],
  "an exit code that is not listed": [
    {
      startCommand: ["sh", "-c", "exit 1"],
      retries: { attempts: 3, backoffMs: 0, exitCodes: [2, 4] },
    },
    1,
    /exit code 1 \(configuration\) is not in retries\.exit_codes/,
  ],
};

for (const [failure, [members, expected, why]] of Object.entries(FAILURES)) {
  testInRoot(`${failure} is tried ${expected} times, and the log says why`, async (root) => {
    const retries = { attempts: 3, backoffMs: 0 };
    const operators = createOperators({
      failing: { run: () => 2, command: () => ["sh", "-c", "exit 1"] },
      strict: {
        params: v.object({ lr: v.number() }),
        run: () => {},
        command: () => ["true"],
      },
    });
    const one = step("clean", { runAs: "command", retries, ...members });
    const { attempts, said } = await run(root, one, { operators });
    assertEquals(attempts, expected);
    assertMatch(said.filter((line) => line.startsWith("warn: not retried")).join(), why);
  });
}
