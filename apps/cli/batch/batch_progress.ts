// How far a batch is: a line on a terminal that is drawn again and again, else a line every few
// seconds.
import { type CliIo, knownColumns } from "../terminal/cli_io.ts";
import { formatBytes, formatSeconds } from "../terminal/units.ts";

/** What there is to do, as far as it is known. */
export interface BatchTotals {
  rows?: number;
  bytes?: number;
}

export interface BatchProgressOptions {
  /** Where it is shown. */
  io: CliIo;
  /** May become known while it runs. */
  totals: BatchTotals;
  quiet?: boolean;
}

/** Redraws of a terminal, and lines elsewhere, are so far apart, milliseconds. */
const EVERY_MS = { terminal: 100, lines: 5_000 };
/** Rates are those of the last so many milliseconds. */
const RATE_WINDOW_MS = 10_000;

interface Sample {
  at: number;
  rows: number;
  bytes: number;
}

export class BatchProgress {
  #label: string;
  #options: BatchProgressOptions;
  #rows = 0;
  #bytes = 0;
  #failed = 0;
  #samples: Sample[];
  #shownAt: number;
  #isDrawn = false;
  #written: Promise<void> = Promise.resolve();

  constructor(label: string, options: BatchProgressOptions) {
    this.#label = label;
    this.#options = options;
    this.#shownAt = options.io.system.monotonic();
    this.#samples = [{ at: this.#shownAt, rows: 0, bytes: 0 }];
  }

  /** So many bytes moved. */
  move(bytes: number): void {
    this.#bytes += bytes;
    this.#show();
  }

  row(ok: boolean): void {
    this.#rows++;
    if (!ok) this.#failed++;
    this.#show();
  }

  async end(): Promise<void> {
    await this.#written;
    if (this.#isDrawn) await this.#options.io.stderr.write("\r\x1b[K");
    this.#isDrawn = false;
  }

  #show(): void {
    const { io: { stderr, system }, totals, quiet } = this.#options;
    const { isTerminal } = stderr;
    const now = system.monotonic();
    if (quiet || now - this.#shownAt < (isTerminal ? EVERY_MS.terminal : EVERY_MS.lines)) return;
    this.#shownAt = now;
    const state = { rows: this.#rows, bytes: this.#bytes };
    const recent = this.#samples.filter(({ at }) => now - at <= RATE_WINDOW_MS);
    this.#samples = [...recent, { at: now, ...state }];
    const since = this.#samples[0];
    const line = batchLine(this.#label, { ...state, failed: this.#failed, since, now, totals });
    const drawn = `\r${line.slice(0, (knownColumns(stderr) ?? 80) - 1)}\x1b[K`;
    this.#written = this.#written.then(() => stderr.write(isTerminal ? drawn : `${line}\n`));
    this.#isDrawn = isTerminal;
  }
}

interface BatchState {
  rows: number;
  bytes: number;
  failed: number;
  since: Sample;
  now: number;
  totals: BatchTotals;
}

/** `batch save  45%  450 of 1000  2 failed  120 MiB  52.1 MiB/s  4s left  110 rows/s` */
function batchLine(label: string, { rows, bytes, failed, since, now, totals }: BatchState): string {
  const seconds = Math.max(now - since.at, 1) / 1000;
  const byteRate = (bytes - since.bytes) / seconds, rowRate = (rows - since.rows) / seconds;
  const parts = [label];
  const useBytes = totals.bytes !== undefined && totals.bytes > 0;
  const [done, all, rate] = useBytes
    ? [bytes, totals.bytes!, byteRate]
    : [rows, totals.rows ?? 0, rowRate];
  if (all > 0) parts.push(`${Math.min(100, Math.floor((done / all) * 100))}%`.padStart(4));
  parts.push(totals.rows === undefined ? String(rows) : `${rows} of ${totals.rows}`);
  if (failed > 0) parts.push(`${failed} failed`);
  if (bytes > 0) parts.push(formatBytes(bytes));
  if (byteRate >= 0.5) parts.push(`${formatBytes(byteRate)}/s`);
  if (all > 0 && rate > 0) parts.push(`${formatSeconds(Math.max(0, all - done) / rate)} left`);
  if (rowRate >= 0.05) {
    parts.push(`${rowRate >= 10 ? Math.round(rowRate) : rowRate.toFixed(1)} rows/s`); // last: a narrow terminal cuts it off
  }
  return parts.join("  ");
}
