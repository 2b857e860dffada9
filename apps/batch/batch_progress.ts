// How far a batch is: a line on a terminal that is drawn again and again, else a line every few
// seconds.
import { type CliIo, knownColumns } from "../terminal/cli_io.ts";
import { formatBytes, formatSeconds } from "../terminal/units.ts";

/** What there is to do, as far as it is known. */
export interface BatchTotals {
  rows?: number;
  bytes?: number;
}

/** A batch that is being shown. */
export interface BatchProgress {
  /** So many bytes moved. */
  move(bytes: number): void;
  row(ok: boolean): void;
  end(): Promise<void>;
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

export function createBatchProgress(label: string, options: BatchProgressOptions): BatchProgress {
  const { io: { stderr, system }, totals, quiet = false } = options;
  const { isTerminal } = stderr;
  const everyMs = isTerminal ? EVERY_MS.terminal : EVERY_MS.lines;
  const startedAt = system.monotonic();
  let samples: Sample[] = [{ at: startedAt, rows: 0, bytes: 0 }];
  let rows = 0, bytes = 0, failed = 0, shownAt = startedAt, drawn = false;
  let written: Promise<void> = Promise.resolve();

  return {
    move(moved) {
      bytes += moved;
      show();
    },
    row(ok) {
      rows++;
      if (!ok) failed++;
      show();
    },
    async end() {
      await written;
      if (drawn) await stderr.write("\r\x1b[K");
      drawn = false;
    },
  };

  function show(): void {
    const now = system.monotonic();
    if (quiet || now - shownAt < everyMs) return;
    shownAt = now;
    samples = [...samples.filter(({ at }) => now - at <= RATE_WINDOW_MS), { at: now, rows, bytes }];
    const line = batchLine(label, { rows, bytes, failed, since: samples[0], now, totals });
    written = written.then(() => stderr.write(isTerminal ? drawnLine(line) : `${line}\n`));
    drawn = isTerminal;
  }

  function drawnLine(line: string): string {
    return `\r${line.slice(0, (knownColumns(stderr) ?? 80) - 1)}\x1b[K`;
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
