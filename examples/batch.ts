// Many saves and loads over workers: `deno run -A examples/batch.ts`.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRegistry } from "@holdfast/holdfast";
import { createBatch, type SaveEntry, zip } from "@holdfast/holdfast/workers";

/** As they would come from an instrument. */
async function* readings(): AsyncGenerator<SaveEntry> {
  for (let i = 0; i < 1_000; i++) yield { name: `reading:${i}`, value: { i }, version: "1.0.0" };
}

const folder = await mkdtemp(join(tmpdir(), "holdfast-"));
{
  await using registry = await openRegistry(folder);
  await using batch = createBatch(registry, { workers: 2, memoryBudgetBytes: 64 * 1024 * 1024 });

  // Every input has an outcome, at its own index: a failure of one does not stop the others.
  const frames = Array.from({ length: 12 }, (_, i) => new Float32Array(500_000).fill(i));
  const names = frames.map((_, i) => `frame:${i % 6}`); // each name twice: two versions, in input order
  const saved = await batch.saveMany(
    zip(names, frames).map((entry) => ({ ...entry, compress: "zstd" as const })),
  );
  console.log(`saved   ${saved.succeeded.length} of ${frames.length}`);

  const loaded = await batch.loadMany(["frame:0@1", "frame:0@2", "frame:99"]);
  for (const [index, result] of loaded.results.entries()) {
    console.log(
      `load ${index}  ${result.ok ? (result.value as Float32Array)[0] : result.error.code}`,
    );
  }

  // Inputs may come as a stream, and outcomes do: a million of them take no more memory than a hundred.
  let count = 0;
  for await (const { ok } of batch.saveEach(readings())) if (ok) count++;
  console.log(`stream  ${count}`);
}
await rm(folder, { recursive: true });
