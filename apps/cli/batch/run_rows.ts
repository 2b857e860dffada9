// Runs the rows of a manifest, many at once.
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Registry, RegistryError } from "../../../mod.ts";
import type { LeftOut } from "../../../core/registry/left_out.ts";
import { outcomesOf } from "../../../workers/mod.ts";
import { valueAt } from "../../../core/faults/present.ts";
import { isOfShard } from "../../../core/work/shards.ts";
import type { CommandContext } from "../program/command.ts";
import { localPathOf } from "../places/open_store.ts";
import { toReportable } from "../terminal/exit_code.ts";
import type { Progress } from "../terminal/progress.ts";
import { printable, printableJson } from "../terminal/table.ts";
import { formatBytes, formatCount, formatSeconds } from "../terminal/units.ts";
import { findManifest, type Manifest } from "./manifest.ts";
import type { ManifestFormat, RawRow } from "./rows.ts";
import { findShard, type FoundShard } from "../values/find_shard.ts";

export { createBatch } from "../../../workers/mod.ts";

interface BatchFlags {
  format?: ManifestFormat;
  concurrency?: number;
  dryRun?: boolean;
  /** `2/8`, or `auto`. */
  shard?: string;
}

/** Returns the default number of rows at once: more for stores with latency, as `saveMany` does. */
export function rowsAtOnce(
  { location }: Pick<Registry, "location">,
  verb: "save" | "read",
): number {
  if (localPathOf(location) !== undefined) return 16;
  return verb === "save" ? 32 : 48;
}

export interface RowResult {
  name?: string;
  version?: string;
  skipped?: boolean;
  digest?: string;
  size?: number;
  path?: string;
  leftOut?: readonly LeftOut[];
  dryRun?: boolean;
}

type RowOutcome =
  & { index: number; line: number; row: RowResult }
  & ({ ok: true } | { ok: false; error: RegistryError });

function reportLine(
  outcome: RowOutcome,
  { hint: hintOf }: Pick<CommandContext, "hint">,
): Record<string, unknown> {
  const { index, line, row, ok } = outcome;
  if (outcome.ok) return { index, line, ok, ...row };
  const { code, message, key, maybeWritten } = outcome.error;
  const hint = hintOf(outcome.error);
  return { index, line, ok, ...row, error: { code, message, hint, key, maybeWritten } };
}

/** The fields that identify a row in the output. */
type RowName = { name?: string; ref?: string; version?: string };

export interface BatchWork<Row extends RowName> {
  /** `batch save` */
  label: string;
  /** `Saved`, or with `dryRun` `Would save`. */
  done: string;
  fields: readonly string[];
  /** The default number of rows at once. */
  atOnce: number;
  /** Returns a key that assigns a row to a shard; equal for rows that must run in order. */
  shardKey(fields: Record<string, unknown>): string;
  /** Parses a row, in the order of the manifest. An error fails this row alone. */
  parse(raw: RawRow, manifest: Manifest): Row;
  /** Runs a row. `moved` receives its bytes so far. */
  run(row: Row, moved: (bytes: number) => void): Promise<RowResult>;
}

/** Failures that are printed; `--json` prints all. */
const MOST_PRINTED = 10;
/** In longer manifests only rows are counted, not the bytes of their files. */
const MOST_MEASURED = 10_000;

export async function runRows<Row extends RowName>(
  path: string,
  flags: BatchFlags,
  context: CommandContext,
  createWork: (manifest: Manifest) => BatchWork<Row>,
): Promise<number> {
  const { io } = context;
  const shard = flags.shard === undefined ? undefined : findShard(flags.shard, io.system);
  const manifest = await findManifest(path, flags.format, io);
  const work = createWork(manifest);
  if (shard === undefined) return await new RowRun(work, { manifest, flags, context }).run();
  const { shard: { index, count }, from } = shard;
  await context.note(`shard ${index}/${count} (${from}): other processes do the other rows`);
  const part = rowsOfShard(manifest, shard, (fields) => work.shardKey(fields));
  return await new RowRun(work, { manifest: part, flags, context, shard }).run();
}

/**
 * Returns a manifest with the rows of one shard. Every process reads the whole manifest, and the
 * fields of a row alone decide its shard; an invalid row belongs to one by its line.
 */
function rowsOfShard(
  manifest: Manifest,
  { shard }: FoundShard,
  keyOf: (fields: Record<string, unknown>) => string,
): Manifest {
  const key = ({ fields, line }: RawRow) => fields === undefined ? String(line) : keyOf(fields);
  return {
    ...manifest,
    async *rows(columns) {
      for await (const row of manifest.rows(columns)) if (isOfShard(key(row), shard)) yield row;
    },
  };
}

interface RowRunOptions {
  /** The rows to run; with `shard` only those of that shard. */
  manifest: Manifest;
  flags: BatchFlags;
  context: CommandContext;
  shard?: FoundShard;
}

class RowRun<Row extends RowName> {
  readonly #work: BatchWork<Row>;
  readonly #options: RowRunOptions;
  readonly #progress: Progress;
  readonly #startedAt: number;
  /** The size of the manifest, once it is measured. */
  #totals: { rows?: number; bytes?: number } = {};
  readonly #running = new Map<number, RowResult & { line: number }>();
  readonly #sums = { rows: 0, ok: 0, skipped: 0, failed: 0, bytes: 0 };
  #moved = 0;
  #leftOut = 0;

  constructor(work: BatchWork<Row>, options: RowRunOptions) {
    const { context } = options;
    this.#work = work;
    this.#options = options;
    this.#progress = context.progress(work.label, { lines: true });
    this.#startedAt = context.io.system.monotonic();
  }

  async run(): Promise<number> {
    const { manifest, context: { io, shared } } = this.#options;
    const ended = new AbortController();
    if (manifest.isFile && !shared.quiet) {
      measureRows(manifest, ended.signal).then((totals) => this.#totals = totals, () => {}); // running the rows reports errors
    }
    let before = "Stopped. ";
    try {
      await this.#runAll();
      io.signal.throwIfAborted();
      before = "";
    } finally {
      ended.abort();
      await this.#progress.end();
      if (before !== "" && io.signal.aborted) before += "Run the same command again for the rest. ";
      await this.#printSums(before);
    }
    return this.#sums.failed > 0 ? 1 : 0;
  }

  async #runAll(): Promise<void> {
    const { manifest, flags, context: { io: { signal } } } = this.#options;
    const { fields, atOnce } = this.#work;
    const { concurrency = atOnce } = flags;
    const outcomes = outcomesOf(
      manifest.rows(fields),
      (raw: RawRow, index: number) => this.#runOne(raw, index),
      { concurrency, signal },
    );
    for await (const outcome of outcomes) {
      const { index } = outcome;
      const { line, ...row } = valueAt(this.#running, index);
      this.#running.delete(index);
      if (!outcome.ok && signal.aborted) continue; // not started, or interrupted
      await this.#add(
        outcome.ok ? { index, line, ok: true, row: outcome.value } : { ...outcome, line, row },
      );
    }
  }

  async #runOne(raw: RawRow, index: number): Promise<RowResult> {
    const { manifest, flags } = this.#options;
    const { name = raw.fields?.ref } = raw.fields ?? {};
    this.#running.set(index, { line: raw.line, ...(typeof name === "string" ? { name } : {}) });
    const row = this.#work.parse(raw, manifest);
    this.#running.set(index, { line: raw.line, name: row.name ?? row.ref, version: row.version });
    let before = 0;
    const moved = (bytes: number) => {
      this.#moved += bytes - before;
      before = bytes;
      this.#showProgress();
    };
    const result = await this.#work.run(row, moved).catch((error) => {
      throw toReportable(error); // errors of the system get a code and a hint too
    });
    if (result.size !== undefined) moved(result.size);
    return flags.dryRun ? { ...result, dryRun: true } : result;
  }

  #showProgress(): void {
    const { rows: done, failed } = this.#sums;
    const { rows: total, bytes: totalBytes } = this.#totals;
    const things = { done, total, failed, what: "rows" };
    this.#progress.update({ bytes: this.#moved, totalBytes, things });
  }

  async #add(outcome: RowOutcome): Promise<void> {
    const { context } = this.#options, { io, shared } = context;
    const { ok, row } = outcome;
    this.#sums.rows++;
    if (!row.skipped) this.#sums.bytes += row.size ?? 0;
    this.#leftOut += row.leftOut?.length ?? 0;
    this.#sums[!ok ? "failed" : row.skipped ? "skipped" : "ok"]++;
    this.#showProgress();
    if (shared.json) await io.stdout.write(`${printableJson(reportLine(outcome, context))}\n`);
    else if (!outcome.ok) this.#printFailure(outcome.error, outcome.line);
  }

  #printFailure(error: RegistryError, line: number): void {
    const { shared, hint: hintOf, withRegistry } = this.#options.context;
    const { failed } = this.#sums;
    if (failed > MOST_PRINTED) return;
    this.#progress.print(`error: line ${line}: ${printable(error.message)}`);
    const hint = hintOf(error);
    if (shared.quiet) return;
    if (hint) this.#progress.print(`hint: ${printable(withRegistry(hint))}`);
    if (failed < MOST_PRINTED) return;
    this.#progress.print("More failures are not shown here: add --json");
  }

  /** Prints the totals, after `before` if the run was stopped. */
  async #printSums(before: string): Promise<void> {
    const { flags: { dryRun }, context, shard } = this.#options;
    const { rows, ok, skipped, failed, bytes } = this.#sums;
    if (context.shared.json) {
      const summary = {
        rows,
        done: ok,
        skipped,
        failed,
        bytes,
        ...(shard && { shard: `${shard.shard.index}/${shard.shard.count}`, from: shard.from }),
        ...(dryRun && { dryRun }),
      };
      return await context.io.stdout.write(`${printableJson({ summary })}\n`);
    }
    const seconds = (context.io.system.monotonic() - this.#startedAt) / 1000;
    const more = [
      ...(skipped > 0 ? [`${skipped} already done`] : []),
      ...(failed > 0 ? [`${failed} failed`] : []),
    ];
    const all = before === "" ? rows : Math.max(this.#totals.rows ?? rows, rows);
    const text = `${before}${this.#work.done} ${ok} of ${formatCount(all, "row")}` +
      `${more.length > 0 ? ` (${more.join(", ")})` : ""}: ` +
      `${formatBytes(bytes)} in ${formatSeconds(seconds)}`;
    if (before === "") await context.done(undefined, text);
    else await context.note(text);
    if (this.#leftOut > 0) {
      await context.note(`Left out of folders: ${this.#leftOut}; --json lists them`);
    }
  }
}

/** Counts the rows and the bytes of their files; `bytes` is undefined if it takes too long. */
async function measureRows(
  manifest: Manifest,
  signal: AbortSignal,
): Promise<{ rows: number; bytes?: number }> {
  let rows = 0, bytes: number | undefined = 0;
  for await (const { fields } of manifest.rows()) {
    signal.throwIfAborted();
    rows++;
    if (rows > MOST_MEASURED) bytes = undefined;
    if (bytes === undefined || typeof fields?.path !== "string") continue;
    const stats = await stat(resolve(manifest.folder, fields.path)).catch(() => undefined);
    bytes = stats?.isDirectory() ? undefined : bytes + (stats?.size ?? 0);
  }
  return { rows, bytes };
}
