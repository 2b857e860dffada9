// deno run --allow-read --allow-write --allow-env=TMPDIR,TMP,TEMP examples/runs.ts
//
// Three runs of a small training: a good one, one that diverges, and one whose program is killed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRegistry } from "@holdfast/holdfast";
import { finishRun, openRun, readLoggedRun, readLoggedRuns } from "@holdfast/holdfast/runs";

const folder = mkdtempSync(join(tmpdir(), "holdfast-runs-"));
try {
  await using registry = await openRegistry(join(folder, "registry"));

  // Gradient descent to the minimum of (weight - 3)². `finish` saves the weight.
  for (const rate of [0.1, 1.1]) {
    await using run = await openRun(registry, "fit:weight", {
      id: `rate-${rate}`,
      params: { rate },
    });
    let weight = 0;
    for (let step = 0; step < 50; step++) {
      weight -= rate * 2 * (weight - 3);
      run.log({ step, loss: (weight - 3) ** 2, weight });
    }
    if ((weight - 3) ** 2 > 1) await run.fail("it diverges");
    else await run.finish({ weight }, { alias: "candidate" });
  }
  const { metadata } = await registry.info("fit:weight@candidate");
  console.log("saved:", metadata.params, metadata.metrics);

  // `holdfast runs ls` lists the same runs; the explorer draws their curves.
  for await (const { id, state, reason, points } of readLoggedRuns(registry)) {
    console.log("not finished:", id, state, reason, points);
  }

  // A killed run: any program can continue it with its id, or finish it.
  const killed = await openRun(registry, "fit:weight", { id: "job-7" });
  killed.log({ loss: 0.5 });
  await killed.flush();
  const { points } = await readLoggedRun(registry, "fit:weight", { id: "job-7" });
  const { version } = await finishRun(registry, "fit:weight", { id: "job-7" });
  console.log("kept:", version, "with", points, "point");
} finally {
  rmSync(folder, { recursive: true });
}
