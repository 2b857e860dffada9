// Doing what a manifest says, row by row, many at once.
import type { Registry, RegistryError } from "../../../mod.ts";
import { type Batch, createBatch, type FoundShard, outcomesOf } from "../../../workers/mod.ts";
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
import { openReport, type Report, reportLine, type RowOutcome, type RowResult } from "./report.ts";

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
  const { io } = context;
  const shard = flags.shard === undefined ? undefined : findShard(flags.shard, io.system);
  const whole = await findManifest(path, flags.format, io);
  const asked = await work(whole);
  const manifest = shard === undefined
    ? whole
    : rowsOfShard(whole, shard, (fields) => asked.shardKey(fields));
  if (shard !== undefined) await context.note(toldShard(shard));
  return await new RowRun(asked, { manifest, flags, context, shard }).run();
}

interface RowRunOptions {
  /** The rows to do: with `shard` only those of that part. */
  manifest: Manifest;
  flags: BatchFlags;
  context: CommandContext;
  shard: FoundShard | undefined;
}

/** One run over the rows of a manifest. */
class RowRun<Row extends RowName> {
  readonly #work: BatchWork<Row>;
  readonly #options: RowRunOptions;
  readonly #report: Report;
  /** Of the whole manifest, as far as it is known. */
  readonly #totals: BatchTotals = {};
  readonly #progress: BatchProgress;
  readonly #startedAt: number;
  /** What is known of the rows that run, by their index. */
  readonly #begun = new Map<number, RowResult & { line: number }>();
  readonly #sums = { rows: 0, ok: 0, skipped: 0, failed: 0, bytes: 0 };
  #leftOut = 0;

  constructor(work: BatchWork<Row>, options: RowRunOptions) {
    const { manifest, flags, context: { io, shared: { quiet } } } = options;
    this.#work = work;
    this.#options = options;
    this.#report = openReport(flags.report, manifest, io);
    this.#progress = new BatchProgress(work.label, { io, totals: this.#totals, quiet });
    this.#startedAt = io.system.monotonic();
  }

  /** Does the rows. Returns the exit code. */
  async run(): Promise<number> {
    const { manifest, context: { io, shared } } = this.#options;
    const over = new AbortController();
    if (manifest.isFile && !shared.quiet) {
      measureRows(manifest, this.#totals, over.signal).catch(() => {}); // the run itself says what is wrong
    }
    try {
      await this.#doAll();
      io.signal.throwIfAborted();
    } catch (error) {
      await this.#progress.end();
      await this.#end(
        io.signal.aborted ? "Stopped. Run the same again for the rest. " : "Stopped. ",
      );
      throw error;
    } finally {
      over.abort();
      await this.#progress.end();
      this.#report.close();
    }
    await this.#end("");
    return this.#sums.failed > 0 ? 1 : 0;
  }

  async #doAll(): Promise<void> {
    const { manifest, flags, context: { io: { signal } } } = this.#options;
    const { fields, atOnce } = this.#work;
    const { concurrency = atOnce, stopOnError } = flags;
    const outcomes = outcomesOf(
      manifest.rows(fields),
      (raw: RawRow, index: number) => this.#doOne(raw, index),
      { concurrency, stopOnError, signal },
    );
    for await (const outcome of outcomes) {
      const { index } = outcome;
      const { line, ...row } = this.#begun.get(index)!;
      this.#begun.delete(index);
      if (!outcome.ok && signal.aborted) continue; // it was not begun, or was ended on the way
      await this.#tell(
        outcome.ok ? { index, line, ok: true, row: outcome.value } : { ...outcome, line, row },
      );
    }
  }

  async #doOne(raw: RawRow, index: number): Promise<RowResult> {
    const { manifest, flags } = this.#options;
    const { name = raw.fields?.ref } = raw.fields ?? {};
    this.#begun.set(index, { line: raw.line, ...(typeof name === "string" ? { name } : {}) });
    const row = this.#work.parse(raw, manifest);
    this.#begun.set(index, { line: raw.line, name: row.name ?? row.ref, version: row.version });
    let told = 0;
    const moved = (bytes: number) => {
      this.#progress.move(bytes - told);
      told = bytes;
    };
    const result = await this.#work.run(row, moved).catch((error) => {
      throw toReportable(error); // what the system refused has a code and a hint too
    });
    if (result.size !== undefined) moved(result.size);
    return flags.dryRun ? { ...result, dryRun: true } : result;
  }

  async #tell(outcome: RowOutcome): Promise<void> {
    const { io, shared } = this.#options.context;
    const { ok, row } = outcome;
    this.#sums.rows++;
    this.#sums.bytes += row.size ?? 0;
    this.#leftOut += row.leftOut?.length ?? 0;
    this.#sums[!ok ? "failed" : row.skipped ? "skipped" : "ok"]++;
    this.#report.add(outcome);
    this.#progress.row(ok);
    if (shared.json) await io.stdout.write(`${JSON.stringify(reportLine(outcome))}\n`);
    else if (!outcome.ok) await this.#tellFailure(outcome.error, outcome.line);
  }

  async #tellFailure(error: RegistryError, line: number): Promise<void> {
    const { flags, context } = this.#options;
    const { io, shared } = context;
    const { failed } = this.#sums;
    if (failed > MOST_TOLD) return;
    await this.#progress.end();
    await io.stderr.write(`error: line ${line}: ${printable(error.message)}\n`);
    const hint = hintFor(error, "cli");
    if (hint && !shared.quiet) {
      await io.stderr.write(`hint: ${printable(withRegistry(hint, shared.registry))}\n`);
    }
    if (failed === MOST_TOLD) {
      const where = flags.report === undefined
        ? "add --report FILE to have them all"
        : `see ${flags.report}`;
      await context.note(`More failures are not shown here: ${where}`);
    }
  }

  /** Prints the sums, behind `before` where the run was stopped. */
  async #end(before: string): Promise<void> {
    const { io, shared } = this.#options.context;
    if (shared.json) await io.stdout.write(`${JSON.stringify({ summary: this.#sumsJson() })}\n`);
    else await this.#summary(before);
  }

  #sumsJson(): Record<string, unknown> {
    const { flags: { dryRun }, shard } = this.#options;
    const { rows, ok: done, skipped, failed, bytes } = this.#sums;
    return {
      ...{ rows, done, skipped, failed, bytes },
      ...(shard && { shard: `${shard.shard.index}/${shard.shard.count}`, from: shard.from }),
      ...(dryRun && { dryRun }),
    };
  }

  async #summary(before: string): Promise<void> {
    const { flags, context } = this.#options;
    const { rows, ok, skipped, failed, bytes } = this.#sums;
    const seconds = (context.io.system.monotonic() - this.#startedAt) / 1000;
    const be = flags.dryRun ? ["is", "are"] : ["was", "were"];
    const beside = [
      ...(skipped > 0 ? [`${skipped} ${be[skipped === 1 ? 0 : 1]} there already`] : []),
      ...(failed > 0 ? [`${failed} failed`] : []),
    ];
    const all = before === "" ? rows : Math.max(this.#totals.rows ?? rows, rows);
    const text = `${before}${this.#work.done} ${ok} of ${formatCount(all, "row")}` +
      `${beside.length > 0 ? ` (${beside.join(", ")})` : ""}: ${formatBytes(bytes)} in ${
        formatSeconds(seconds)
      }`;
    if (before !== "") await context.note(text);
    else if (!context.shared.quiet) await context.result(undefined, text);
    const where = flags.report === undefined ? "--report FILE says which" : `see ${flags.report}`;
    if (this.#leftOut > 0) await context.note(`Left out of folders: ${this.#leftOut}; ${where}`);
  }
}
