import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { realSystem } from "../../../core/system.ts";
import type { PipelineStep } from "../../../operators/contract/pipeline.ts";
import { openRegistry } from "../../../mod.ts";
import { createOperators, type OperatorContext } from "../../../operators/mod.ts";
import { runPipeline } from "../../../operators/runner/mod.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { pipeline, step } from "./pipelines.ts";

/** Writes so many bytes to its output and to its workspace, and waits where that is asked for until it is ended. */
const writes = {
  async run({ outputRoot, workspaceRoot, params, signal }: OperatorContext) {
    await Deno.mkdir(`${workspaceRoot}/deep`);
    await Deno.writeFile(`${outputRoot}/a`, new Uint8Array(params.bytes as number));
    await Deno.writeFile(`${workspaceRoot}/deep/b`, new Uint8Array(params.bytes as number));
    if (params.waits) await new Promise((resolve) => signal.addEventListener("abort", resolve));
  },
  command: () => ["true"],
};

interface Usage {
  of: string;
  peakBytes: number;
  cpuSeconds: number;
  peakDiskBytes: number;
}

/** @param lookMs how often a watch looks: a second, where it is to see the end only */
async function run(root: TempRoot, members: Partial<PipelineStep>, lookMs = 20) {
  await using registry = await openRegistry("memory:");
  const sleep = (ms: number, signal?: AbortSignal) =>
    realSystem.sleep(ms === 1_000 ? lookMs : ms, signal);
  const { steps } = await runPipeline(pipeline([step("clean", members)]), {
    registry,
    operators: createOperators({ writes }),
    root: root.path,
    system: { ...realSystem, sleep },
  });
  const file = (await registry.open(steps.clean.record!)).file("record.json");
  const { usage } = JSON.parse(new TextDecoder().decode(await file.bytes())) as { usage: Usage };
  return { ...steps.clean, usage };
}

const sh = (script: string, members: Partial<PipelineStep> = {}): Partial<PipelineStep> => ({
  runAs: "command",
  startCommand: ["bash", "-c", script],
  ...members,
});

testInRoot("a step that requests too much disk ends with 4 before it starts", async (root) => {
  const resources = { diskRequest: 2 ** 60 };
  const { exitCode, reason, hint } = await run(root, sh("echo > started", { resources }));
  assertEquals(exitCode, 4);
  assertStringIncludes(reason!, `the step requests ${2 ** 60}`);
  assertStringIncludes(hint!, "disk_request");
  assertEquals(await Array.fromAsync(Deno.readDir(root.path), ({ name }) => name === "started"), [
    false,
  ]);
  assertEquals((await run(root, sh("exit 0", { resources: { diskRequest: 1 } }))).end, "ran");
});

testInRoot("a step over its disk limit ends with 4", async (root) => {
  const resources = { diskLimit: 100_000 };
  const forms: Partial<PipelineStep>[] = [
    { operator: "writes", params: { bytes: 60_000, waits: true } },
    sh('head -c 120000 /dev/zero > "$WORKSPACE_ROOT/a"; sleep 3600'),
  ];
  for (const form of forms) {
    const { exitCode, reason, usage } = await run(root, { ...form, resources });
    assertEquals(exitCode, 4, reason);
    assertMatch(
      reason!,
      /step "clean": its workspace and output hold \d+ bytes, the limit is 100000$/,
    );
    assert(usage.peakDiskBytes > 100_000 && usage.peakDiskBytes <= 120_000);
  }
});

testInRoot("a disk limit also applies at the end of a step", async (root) => {
  const never = 3_600_000;
  const exitCodeOf = async (members: Partial<PipelineStep>, diskLimit: number) =>
    (await run(root, { ...members, resources: { diskLimit } }, never)).exitCode;
  const members = { operator: "writes", params: { bytes: 60_000 } };
  assertEquals([await exitCodeOf(members, 119_999), await exitCodeOf(members, 120_000)], [4, 0]);
  const failing = sh('head -c 9 /dev/zero > "$OUTPUT_ROOT/a"; exit 2');
  assertEquals(await exitCodeOf(failing, 1), 2, "the step's own exit code is reported");
});

testInRoot("the record of a step has its usage", async (root) => {
  const script =
    'head -c 5000 /dev/zero > "$OUTPUT_ROOT/a"; a=$(head -c 3000000 /dev/zero | tr "\\0" x); ' +
    "for ((i = 0; i < 200000; i++)); do :; done; sleep 3"; // on a busy machine it is looked at seldom
  const { usage } = await run(root, sh(script));
  assertEquals([usage.of, usage.peakDiskBytes], ["processes", 5_000]);
  assert(usage.peakBytes > 3_000_000 && usage.cpuSeconds > 0, JSON.stringify(usage));

  const here = await run(root, { operator: "writes", params: { bytes: 10 } });
  assertEquals([here.usage.of, here.usage.peakDiskBytes], ["process", 20]);
  assert(here.usage.peakBytes > 10_000_000, "that of the whole process");
});
