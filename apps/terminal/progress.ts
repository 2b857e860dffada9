/**
 * One line on a terminal that says how far a long transfer is.
 *
 * @module
 */
import { knownColumns } from "./cli_io.ts";
import type { CliIo } from "./cli_io.ts";
import { formatBytes, formatSeconds } from "./units.ts";

/** A transfer that is being shown. */
export interface Progress {
  /** Takes the number of bytes so far, and of all where that is known. */
  update(progress: { bytes: number; totalBytes?: number }): void;
  /** Removes the line. */
  end(): Promise<void>;
}

/** What is not over by then is worth a line, milliseconds. */
const SHOW_AFTER_MS = 400;
/** At most ten redraws a second, milliseconds. */
const REDRAW_MS = 100;
/** The rate is that of the last so many milliseconds. */
const RATE_WINDOW_MS = 3_000;

/** Shows a transfer on standard error where that is a terminal; else does nothing. */
export function createProgress(label: string, io: CliIo): Progress {
  const { stderr, system } = io;
  if (!stderr.isTerminal) return { update() {}, end: () => Promise.resolve() };
  const startedAt = system.monotonic();
  let samples = [{ at: startedAt, bytes: 0 }];
  let drawnAt = -Infinity;
  let shown: Promise<void> = Promise.resolve();

  return {
    update({ bytes, totalBytes }) {
      const now = system.monotonic();
      if (now - startedAt < SHOW_AFTER_MS || now - drawnAt < REDRAW_MS) return;
      drawnAt = now;
      samples = [...samples.filter((sample) => now - sample.at <= RATE_WINDOW_MS), { at: now, bytes }];
      const [first] = samples;
      const rate = now > first.at ? (bytes - first.bytes) / ((now - first.at) / 1000) : 0;
      const line = progressLine(label, bytes, totalBytes, rate).slice(0, (knownColumns(stderr) ?? 80) - 1);
      shown = shown.then(() => stderr.write(`\r${line}\x1b[K`));
    },
    async end() {
      await shown;
      if (drawnAt !== -Infinity) await stderr.write("\r\x1b[K");
      drawnAt = -Infinity;
    },
  };
}

/** `save model  45%  120 MiB of 340 MiB  52.1 MiB/s  4s left` */
export function progressLine(label: string, bytes: number, totalBytes: number | undefined, rate: number): string {
  const parts = [label];
  if (totalBytes === undefined || totalBytes === 0) {
    parts.push(formatBytes(bytes), `${formatBytes(rate)}/s`);
  } else {
    const percent = `${Math.min(100, Math.floor((bytes / totalBytes) * 100))}%`.padStart(4);
    parts.push(percent, `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`, `${formatBytes(rate)}/s`);
    if (rate > 0) parts.push(`${formatSeconds(Math.max(0, totalBytes - bytes) / rate)} left`);
  }
  return parts.join("  ");
}
