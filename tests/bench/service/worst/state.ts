// A registry with much of everything that routes read.
import { saveResult, saveRun } from "../../../../operators/runner/records/run_record.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import { publishRelease, type Registry } from "../../../../mod.ts";
import { forEachAtOnce } from "../../../../core/work/at_once.ts";
import { metadata, numbers } from "./values.ts";

/** Fills a registry; `scale` 1 is what the benchmark measures. */
export async function fill(registry: Registry, scale: number): Promise<void> {
  const thousand = numbers(1000 * scale);
  const files = numbers(99_000 * scale).map((i) => ({
    path: `${i % 100}/${i}`,
    content: new TextEncoder().encode(`${i}`),
  }));
  for (const name of ["files", "datasets/files"]) {
    const materializer = { id: "folder", formatVersion: 1, save: () => files, load: () => 0 };
    await registry.save(name, undefined, { as: materializer });
  }
  await registry.save("large", new Uint8Array(64 * 1024 ** 2 * scale));
  await forEachAtOnce(thousand, (i) => registry.save(`name:${i}`, i));
  for (const i of thousand) {
    await registry.save("versions", i, { version: `1.0.${i}`, metadata: metadata() });
    await registry.setAlias("versions", `alias${i}`, `1.0.${i}`);
    await registry.setAlias("versions", "moved", `1.0.${i}`);
  }
  for (const i of thousand) await registry.save("derived", i, { inputs: ["versions@1.0.0"] });
  const members = numbers(200 * scale).map((i): [string, string] => [`m${i}`, `name:${i}`]);
  await publishRelease(registry, "release", Object.fromEntries(members));
  const annotations = { notes: "x".repeat(1000), labels: metadata() };
  await annotate(registry, "versions", annotations);
  await annotate(registry, "versions@1.0.0", annotations);
  for (const i of numbers(100 * scale)) {
    await changeRules(registry, { set: { pattern: `p${i}:*`, keepLast: 1 } });
  }
  await fillRuns(registry, scale);
}

/** Saves runs of many steps: the last has not ended. */
async function fillRuns(registry: Registry, scale: number): Promise<void> {
  const steps = numbers(1000 * scale).map((i) => ({
    step: `s${i}`,
    node: "local",
    operator: "o",
    decision: "run",
    reasons: [],
    inputs: {},
  }));
  const plan = { kind: "plan", pipeline: "p", configuration: "0".repeat(64), steps };
  const outcomes = steps.map(({ step }) => [step, { end: "ran", durationMs: 1 }]);
  for (const _ of numbers(200 * scale)) {
    const run = await saveRun(registry, plan as unknown as Parameters<typeof saveRun>[1]);
    const startedAt = "2026-01-01T00:00:00.000Z";
    await saveResult(registry, {
      kind: "result",
      run,
      end: "ok",
      startedAt,
      durationMs: 1,
      steps: Object.fromEntries(outcomes),
    }, []);
  }
  await saveRun(
    registry,
    { ...plan, pipeline: "open" } as unknown as Parameters<typeof saveRun>[1],
  );
}
