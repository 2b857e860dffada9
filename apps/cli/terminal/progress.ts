// The progress of a transfer or a batch: a line on a terminal.
import { itemAt } from "../../../core/faults/present.ts";
import type { CliIo } from "./cli_io.ts";
import { showLiveLines } from "./live_lines.ts";
import { cut } from "./table.ts";
import { formatBytes, formatSeconds } from "./units.ts";

interface Amounts {
  bytes: number;
  totalBytes?: number;
  /** Counted things, such as versions. */
  things?: { done: number; total?: number; failed?: number; what: string };
  /** Text while nothing moves. @default "waiting" */
  waits?: string;
}

/** @internal */
export interface Progress {
  update(amounts: Amounts): void;
  print(line: string): void;
  end(): Promise<void>;
}

/** @internal */
export interface ProgressOptions {
  /** Without a terminal, print a line every few seconds. @default false */
  lines?: boolean;
  quiet?: boolean;
}

/** Shorter transfers show nothing, milliseconds. */
const SHOW_AFTER_MS = 400;
const RATE_WINDOW_MS = 3_000;
/** Least time between samples of the rate, milliseconds. */
const SAMPLE_MS = 100;
/** A transfer that has not moved for this long is waiting, milliseconds. */
const STILL_MS = 1_000;
/** Time between lines without a terminal, milliseconds. */
const LINE_MS = 5_000;

export function createProgress(
  label: string,
  io: CliIo,
  { lines = false, quiet = false }: ProgressOptions = {},
): Progress {
  const { system } = io;
  const startedAt = system.monotonic();
  let samples = [{ at: startedAt, bytes: 0, things: 0 }];
  let [movedAt, printedAt] = [startedAt, startedAt];
  let last: Amounts | undefined;

  function speed(): Speed {
    const latest = itemAt(samples, -1);
    const [first = latest] = samples;
    const seconds = Math.max(latest.at - first.at, 1) / 1000;
    const perSecond = (key: keyof Speed) => (latest[key] - first[key]) / seconds;
    return { bytes: perSecond("bytes"), things: perSecond("things") };
  }

  const live = showLiveLines(io, () => {
    const now = system.monotonic();
    if (last === undefined || now - startedAt < SHOW_AFTER_MS) return [];
    return [progressLine(label, last, now - movedAt < STILL_MS ? speed() : undefined)];
  });
  return {
    update(amounts) {
      if (quiet) return;
      const now = system.monotonic();
      [last, movedAt] = [amounts, now];
      if (now - itemAt(samples, -1).at >= SAMPLE_MS) {
        const { bytes, things } = amounts;
        samples = samples.filter(({ at }) => now - at <= RATE_WINDOW_MS);
        samples.push({ at: now, bytes, things: things?.done ?? 0 });
      }
      if (live.isLive) live.update();
      else if (lines && now - printedAt >= LINE_MS) {
        printedAt = now;
        live.print(progressLine(label, amounts, speed()));
      }
    },
    print: live.print,
    end: live.end,
  };
}

/** Rates per second. */
interface Speed {
  bytes: number;
  things: number;
}

const LONGEST_LABEL = 40;

/**
 * Formats `save model  45%  120 MiB of 340 MiB  52.1 MiB/s  4s left`. Without a speed it is
 * waiting.
 */
export function progressLine(label: string, amounts: Amounts, speed?: Speed): string {
  const { bytes, totalBytes = 0, things, waits = "waiting" } = amounts;
  const [done, total, rate = 0] = totalBytes > 0
    ? [bytes, totalBytes, speed?.bytes]
    : [things?.done ?? 0, things?.total ?? 0, speed?.things];
  return [
    cut(label, LONGEST_LABEL),
    ...total > 0 ? [`${Math.floor(Math.min(1, done / total) * 100)}%`] : [],
    ...amountsText(amounts),
    ...speed === undefined ? [waits] : rateText(speed, things?.what),
    ...rate > 0 && done < total ? [`${formatSeconds((total - done) / rate)} left`] : [],
  ].join("  ");
}

function rateText({ bytes, things }: Speed, what: string | undefined): string[] {
  if (bytes >= 0.5) return [`${formatBytes(bytes)}/s`];
  if (what === undefined || things < 0.05) return [];
  return [`${things >= 10 ? Math.round(things) : things.toFixed(1)} ${what}/s`];
}

function amountsText({ bytes, totalBytes, things }: Amounts): string[] {
  const size = `${formatBytes(bytes)}${totalBytes ? ` of ${formatBytes(totalBytes)}` : ""}`;
  if (things === undefined) return [size];
  const { done, total, failed, what } = things;
  return [
    `${done}${total ? ` of ${total}` : ""} ${what}`,
    ...failed ? [`${failed} failed`] : [],
    ...bytes > 0 ? [size] : [],
  ];
}
