// deno run -A examples/pipeline/run.ts
//
// Runs the pipeline of this folder three times: all steps, none because nothing changed, and those
// that a changed parameter affects. Then it prints what the model was made from.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { openRegistry, readLineage, type Registry } from "@holdfast/holdfast";
import { loadPipeline } from "@holdfast/holdfast/operators/config";
import { planPipeline, runPipeline } from "@holdfast/holdfast/operators/runner";
import { operators } from "./operators.ts";

const folder = await mkdtemp(join(tmpdir(), "holdfast-pipeline-"));
try {
  await using registry = await openRegistry(join(folder, "registry"));
  await run(registry, "first", []);
  await run(registry, "again", []);
  await run(registry, "with another rate", ["operators.train.params.rate=1"]);

  for (const version of ["1.0.0", "2.0.0"]) {
    const file = (await registry.open(`trips:metrics@${version}`)).file("metrics.json");
    const { accuracy, examples } = JSON.parse(new TextDecoder().decode(await file.bytes()));
    console.log(`model ${version}: ${(100 * accuracy).toFixed(1)} % of ${examples} trips`);
  }
  console.log("trips:model@production was made from");
  const { nodes } = await readLineage(registry, "trips:model@production", { direction: "up" });
  for (const { ref } of nodes.slice(1)) console.log(`  ${ref}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function run(registry: Registry, title: string, set: string[]): Promise<void> {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const { pipeline, folder: root } = await loadPipeline(here, {
    set: [...set, `work_dir=${join(folder, "runs")}`],
    operators,
    system: { env: (name) => name === "DENO" ? process.execPath : process.env[name] },
  });
  const { steps: planned } = await planPipeline(pipeline, { registry, operators, root });
  const { run, end, steps } = await runPipeline(pipeline, { registry, operators, root });
  console.log(`${title}: ${run} ${end}`);
  for (const { step, reasons } of planned) {
    const { end, reason, outputs = {}, hint } = steps[step];
    const why = end === "ran"
      ? reasons.join(", ")
      : `${reason}${hint === undefined ? "" : `. ${hint}`}`;
    const written = end === "ran"
      ? Object.values(outputs).map((output) => ` → ${output}`).join("")
      : "";
    console.log(`  ${step.padEnd(8)} ${end.padEnd(7)} ${why}${written}`);
  }
}
