// Counts of a source and of what is imported: in the report, and as problems.
import { assertEquals, assertMatch } from "@std/assert";
import { openRegistry, type Registry } from "../../../../mod.ts";
import type { Counts } from "../../../../extensions/neighbors/import/counts.ts";
import type { FoundRun, OpenedRun } from "../../../../extensions/neighbors/import/records.ts";
import type { ImportItem, WriteOptions } from "../../../../extensions/neighbors/import/report.ts";
import { RecordWriter } from "../../../../extensions/neighbors/import/write_records.ts";
import type { Metric } from "../../../../extensions/runs/mlflow/points.ts";

const POINTS: Metric[] = [{ key: "loss", value: 0.5, timestamp: 2, step: 0 }];
const HERE = { points: 1, params: 1, tags: 1, files: 1, bytes: 2 };

/** A run of a source that says that it has some numbers of things. */
function runOf(has: Counts, changes: Partial<OpenedRun> = {}): FoundRun {
  const open = () =>
    Promise.resolve<OpenedRun>({
      status: "FINISHED",
      startedMs: 1,
      endedMs: 3,
      params: new Map([["rate", "0.1"]]),
      tags: new Map([["stage", "x"]]),
      points: ReadableStream.from(POINTS),
      files: [{ path: "w.bin", content: new Uint8Array(2) }],
      has,
      problems: [],
      ...changes,
    });
  return { kind: "run", key: { name: "digits", id: "one" }, open };
}

async function write(registry: Registry, run: FoundRun, options: WriteOptions = {}) {
  const items: ImportItem[] = [];
  const onItem = (item: ImportItem) => void items.push(item);
  const report = await new RecordWriter(registry, { ...options, onItem }).write(
    ReadableStream.from([run]),
  );
  return { report, items, reasons: report.notImported.map(({ reason }) => reason) };
}

for (const kind of Object.keys(HERE) as (keyof typeof HERE)[]) {
  Deno.test(`a run of which not all ${kind} arrive stays out until they do`, async () => {
    await using registry = await openRegistry("memory:");
    const more = { ...HERE, [kind]: HERE[kind] + 1 };
    for (const dryRun of [true, false]) {
      const { report, reasons } = await write(registry, runOf(more), { dryRun });
      assertEquals([report.runs, report.notImported[0]?.kind], [0, "failed"]);
      assertMatch(reasons[0]!, new RegExp(`it has ${more[kind]} .*, and ${HERE[kind]} of them`));
    }
    const { report, items } = await write(registry, runOf(HERE));
    assertEquals([report.runs, report.source, report.notImported], [1, HERE, []]);
    assertEquals(items.map(({ id, counts }) => [id, counts]), [
      ["one", { source: HERE, here: HERE }],
    ]);
    assertEquals((await write(registry, runOf(HERE))).report.unchanged, 1);
  });
}

Deno.test("a source that does not count is imported as it is read", async () => {
  await using registry = await openRegistry("memory:");
  const { report } = await write(registry, runOf({}));
  assertEquals([report.runs, report.source], [1, {}]);
});

Deno.test("a run of an import that did not count, and lost files, is noticed and repaired", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("digits", "no files", {
    metadata: { run: { id: "one" }, mlflow: { status: "FINISHED", start_time: 1, end_time: 3 } },
    idempotencyKey: "draft:run:one",
    as: {
      id: "folder",
      formatVersion: 1,
      save: () => [{ path: ".mlflow/run.json", content: new Uint8Array() }],
      load: () => undefined,
    },
  });
  const again = await write(registry, runOf(HERE));
  assertEquals([again.report.runs, again.report.notImported[0]?.kind], [0, "failed"]);
  assertMatch(
    again.reasons[0]!,
    /version 1.0.0 here has 0 of its 1 files; import it with --update/,
  );
  const lost = await write(registry, runOf(HERE, { problems: ["pass --artifacts"] }));
  assertMatch(lost.reasons[0]!, /may lack something: pass --artifacts/);
  assertEquals((await write(registry, runOf(HERE), { update: true })).report.runs, 1);
  assertEquals((await registry.info("digits")).files.map(({ path }) => path), [
    "w.bin",
    "history.jsonl",
  ]);
  const last = await write(registry, runOf(HERE), { update: true });
  assertEquals([last.report.runs, last.reasons], [0, []]);
});

Deno.test("a run that was imported in part is imported as a whole once that is possible", async () => {
  await using registry = await openRegistry("memory:");
  const damaged = runOf(HERE, { problems: ["line 2 is not a metric"] });
  assertEquals((await write(registry, damaged, { partial: true })).report.runs, 1);
  assertEquals((await write(registry, damaged, { partial: true })).reasons, []);
  assertMatch((await write(registry, damaged)).reasons[0]!, /may lack something: line 2/);
  assertMatch((await write(registry, runOf(HERE))).reasons[0]!, /import it with --update/);
  assertEquals((await write(registry, runOf(HERE), { update: true })).report.runs, 1);
  assertEquals((await write(registry, runOf(HERE))).reasons, []);
});
