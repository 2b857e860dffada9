// Doing what a manifest says, row by row, many at once.
import type { Registry, RegistryError } from "../../../mod.ts";
import { type Batch, createBatch, outcomesOf } from "../../../workers/mod.ts";
import type { CommandContext } from "../program/command.ts";
import { localPathOf } from "../places/open_store.ts";
import { toReportable } from "../program/exit_code.ts";
import { withRegistry } from "../program/hints.ts";
import { hintFor } from "../../../core/errors.ts";
import { printable } from "../terminal/table.ts";
import { formatBytes, formatCount, formatSeconds } from "../terminal/units.ts";
import { BatchProgress, type BatchTotals } from "./batch_progress.ts";
import type { BatchFlags } from "./flags.ts";
import { findManifest, type Manifest } from "./manifest.ts";
import type { RawRow } from "./raw_row.ts";
import { measureRows } from "./measure_rows.ts";
import { findShard } from "../values/find_shard.ts";
import { rowsOfShard, toldShard } from "./row_shards.ts";
import { openReport, reportLine, type RowOutcome, type RowResult } from "./report.ts";

export function createRowBatch(
  registry: Registry,
  { workers, memory: memoryBudgetBytes }: BatchFlags,
): Batch {
  return createBatch(registry, { workers, memoryBudgetBytes });
}

/** How many rows at once where nobody says: what answers late has time for more, as it has for `saveMany`. */
export function rowsAtOnce(
  { location }: Pick<Registry, "location">,
  verb: "save" | "read",
): number {
  if (localPathOf(location) !== undefined) return 16;
  return verb === "save" ? 32 : 48;
}

/** What a row is called in a report, before anything is known of it. */
type RowName = { name?: string; ref?: string; version?: string };

export interface BatchWork<Row extends RowName> {
  /** `batch save` */
  label: string;
  /** `Saved`, or with `dryRun` `Would save`. */
  done: string;
  fields: readonly string[];
  /** How many at once where no flag says. */
  atOnce: number;
  /** What says to which shard a row belongs: rows that have to be done in order have the same. */
  shardKey(fields: Record<string, unknown>): string;
  /** Reads a row, in the order of the manifest; what it throws fails this row alone. */
  parse(raw: RawRow, manifest: Manifest): Row;
  /** Does it. `moved` is told how many bytes of it moved so far. */
  run(row: Row, moved: (bytes: number) => void): Promise<RowResult>;
}

/** Failures that are told one by one; the others are in the report. */
const MOST_TOLD = 10;

export async function runRows<Row extends RowName>(
  path: string,
  flags: BatchFlags,
  context: CommandContext,
  work: (manifest: Manifest) => BatchWork<Row> | Promise<BatchWork<Row>>,
): Promise<number> {
  const { io, shared } = context;
  const shard = flags.shard === undefined ? undefined : findShard(flags.shard, io.system);
  const whole = await findManifest(path, flags.format, io);
  const { label, done, fields, atOnce, shardKey, parse, run } = await work(whole);
  const manifest = shard === undefined ? whole : rowsOfShard(whole, shard, shardKey);
  if (shard !== undefined) await context.note(toldShard(shard));
  const report = openReport(flags.report, manifest, io);
  const totals: BatchTotals = {};
  const over = new AbortController();
  if (manifest.isFile && !shared.quiet) measureRows(manifest, totals, over.signal).catch(() => {}); // the run itself says what is wrong
  const progress = new BatchProgress(label, { io, totals, quiet: shared.quiet });
  const startedAt = io.system.monotonic();
  const begun = new Map<number, RowResult & { line: number }>();
  const sums = { rows: 0, ok: 0, skipped: 0, failed: 0, bytes: 0 };
  let leftOut = 0;

  try {
    const { concurrency = atOnce, stopOnError } = flags;
    for await (
      const outcome of outcomesOf(manifest.rows(fields), begin, {
        concurrency,
        stopOnError,
        signal: io.signal,
      })
    ) {
      const { index } = outcome;
      const { line, ...row } = begun.get(index)!;
      begun.delete(index);
      if (!outcome.ok && io.signal.aborted) continue; // it was not begun, or was ended on the way
      await tell(
        outcome.ok ? { index, line, ok: true, row: outcome.value } : { ...outcome, line, row },
      );
    }
    io.signal.throwIfAborted();
  } catch (error) {
    await progress.end();
    if (shared.json) await io.stdout.write(`${JSON.stringify(sumsJson())}\n`);
    else {await summary(
        io.signal.aborted ? "Stopped. Run the same again for the rest. " : "Stopped. ",
      );}
    throw error;
  } finally {
    over.abort();
    await progress.end();
    report.close();
  }
  if (shared.json) await io.stdout.write(`${JSON.stringify(sumsJson())}\n`);
  else await summary("");
  return sums.failed > 0 ? 1 : 0;

  async function begin(raw: RawRow, index: number): Promise<RowResult> {
    const { name = raw.fields?.ref } = raw.fields ?? {};
    begun.set(index, { line: raw.line, ...(typeof name === "string" ? { name } : {}) });
    const row = parse(raw, manifest);
    begun.set(index, { line: raw.line, name: row.name ?? row.ref, version: row.version });
    let told = 0;
    const moved = (bytes: number) => {
      progress.move(bytes - told);
      told = bytes;
    };
    const result = await run(row, moved).catch((error) => {
      throw toReportable(error); // what the system refused has a code and a hint too
    });
    if (result.size !== undefined) moved(result.size);
    return flags.dryRun ? { ...result, dryRun: true } : result;
  }

  async function tell(outcome: RowOutcome): Promise<void> {
    const { ok, row } = outcome;
    sums.rows++;
    sums.bytes += row.size ?? 0;
    leftOut += row.leftOut?.length ?? 0;
    sums[!ok ? "failed" : row.skipped ? "skipped" : "ok"]++;
    report.add(outcome);
    progress.row(ok);
    if (shared.json) await io.stdout.write(`${JSON.stringify(reportLine(outcome))}\n`);
    else if (!outcome.ok) await tellFailure(outcome.error, outcome.line);
  }

  async function tellFailure(error: RegistryError, line: number): Promise<void> {
    if (sums.failed > MOST_TOLD) return;
    await progress.end();
    await io.stderr.write(`error: line ${line}: ${printable(error.message)}\n`);
    const hint = hintFor(error, "cli");
    if (hint && !shared.quiet) {
      await io.stderr.write(`hint: ${printable(withRegistry(hint, shared.registry))}\n`);
    }
    if (sums.failed === MOST_TOLD) {
      const where = flags.report === undefined
        ? "add --report FILE to have them all"
        : `see ${flags.report}`;
      await context.note(`More failures are not shown here: ${where}`);
    }
  }

  function be(count: number): string {
    if (flags.dryRun) return count === 1 ? "is" : "are";
    return count === 1 ? "was" : "were";
  }

  function sumsJson(): Record<string, unknown> {
    const { rows, ok, skipped, failed, bytes } = sums;
    const shardJson = shard === undefined
      ? {}
      : { shard: `${shard.shard.index}/${shard.shard.count}`, from: shard.from };
    return {
      summary: {
        rows,
        done: ok,
        skipped,
        failed,
        bytes,
        ...shardJson,
        ...(flags.dryRun ? { dryRun: true } : {}),
      },
    };
  }

  async function summary(before: string): Promise<void> {
    const { rows, ok, skipped, failed, bytes } = sums;
    const seconds = (io.system.monotonic() - startedAt) / 1000;
    const beside = [
      ...(skipped > 0 ? [`${skipped} ${be(skipped)} there already`] : []),
      ...(failed > 0 ? [`${failed} failed`] : []),
    ];
    const all = before === "" ? rows : Math.max(totals.rows ?? rows, rows);
    const text = `${before}${done} ${ok} of ${formatCount(all, "row")}` +
      `${beside.length > 0 ? ` (${beside.join(", ")})` : ""}: ${formatBytes(bytes)} in ${
        formatSeconds(seconds)
      }`;
    if (before !== "") await context.note(text);
    else if (!shared.quiet) await context.result(undefined, text);
    const where = flags.report === undefined ? "--report FILE says which" : `see ${flags.report}`;
    if (leftOut > 0) await context.note(`Left out of folders: ${leftOut}; ${where}`);
  }
}
