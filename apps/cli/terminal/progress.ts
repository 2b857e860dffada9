// The progress of a transfer or a batch: a line on a terminal.
import { type CliIo, knownColumns } from "./cli_io.ts";
import { showLiveLines } from "./live_lines.ts";
import { cut, displayWidth } from "./table.ts";
import { formatBytes, formatSeconds } from "./units.ts";

export interface Amounts {
  bytes: number;
  totalBytes?: number;
  /** Counted things, such as versions. */
  things?: { done: number; total?: number; failed?: number; what: string };
  /** Text while nothing moves. @default "waiting" */
  waits?: string;
}

export interface Progress {
  update(amounts: Amounts): void;
  /** Prints a line that stays. */
  print(line: string): void;
  end(): Promise<void>;
}

export interface ProgressOptions {
  /** Without a terminal, print a line every few seconds. @default false */
  lines?: boolean;
  quiet?: boolean;
}

/** Shorter transfers show nothing, milliseconds. */
const SHOW_AFTER_MS = 400;
/** Window of the rate, milliseconds. */
const RATE_WINDOW_MS = 3_000;
/** Least time between samples of the rate, milliseconds. */
const SAMPLE_MS = 100;
/** A transfer that has not moved for this long is waiting, milliseconds. */
const STILL_MS = 1_000;
/** Time between lines without a terminal, milliseconds. */
const LINE_MS = 5_000;

/** Shows a transfer on standard error. */
export function createProgress(
  label: string,
  io: CliIo,
  { lines = false, quiet = false }: ProgressOptions = {},
): Progress {
  const { stderr, system } = io;
  const startedAt = system.monotonic();
  let samples = [{ at: startedAt, bytes: 0, share: 0, things: 0 }];
  let [movedAt, printedAt] = [startedAt, startedAt];
  let last: Amounts | undefined;

  function speed(): Speed {
    const latest = samples.at(-1)!;
    const [first = latest] = samples;
    const seconds = Math.max(latest.at - first.at, 1) / 1000;
    const perSecond = (key: keyof Speed) => (latest[key] - first[key]) / seconds;
    return { bytes: perSecond("bytes"), share: perSecond("share"), things: perSecond("things") };
  }

  const live = showLiveLines(io, () => {
    const now = system.monotonic();
    if (last === undefined || now - startedAt < SHOW_AFTER_MS) return [];
    const columns = (knownColumns(stderr) ?? 80) - 1;
    return [progressLine(label, last, now - movedAt < STILL_MS ? speed() : undefined, columns)];
  });
  return {
    update(amounts) {
      if (quiet) return;
      const now = system.monotonic();
      [last, movedAt] = [amounts, now];
      if (now - samples.at(-1)!.at >= SAMPLE_MS) {
        const { bytes, things } = amounts;
        const sample = { at: now, share: shareOf(amounts), bytes, things: things?.done ?? 0 };
        samples = [...samples.filter(({ at }) => now - at <= RATE_WINDOW_MS), sample];
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
export interface Speed {
  bytes: number;
  /** Share of everything, from 0 to 1. */
  share: number;
  things?: number;
}

const BAR_WIDTH = 20;
const LEAST_LABEL = 12;

/**
 * Formats `save model  ████░░░░  45%  120 MiB of 340 MiB  52.1 MiB/s  4s left`. On short lines it
 * omits the bar first, then the rate and what follows. Without a speed it is waiting.
 */
export function progressLine(
  label: string,
  amounts: Amounts,
  speed?: Speed,
  columns: number = Infinity,
): string {
  const { totalBytes = 0, things } = amounts;
  const isMeasured = totalBytes > 0 || (things?.total ?? 0) > 0;
  const share = shareOf(amounts);
  const percent = isMeasured ? [`${Math.floor(share * 100)}%`.padStart(4)] : [];
  const full = Math.round(share * BAR_WIDTH);
  const bar = isMeasured ? ["█".repeat(full) + "░".repeat(BAR_WIDTH - full)] : [];
  const amount = amountsText(amounts);
  const rate = speed === undefined ? [] : rateText(speed, things?.what);
  const left = speed === undefined
    ? [amounts.waits ?? "waiting"]
    : isMeasured && share < 1 && speed.share > 0
    ? [`${formatSeconds((1 - share) / speed.share)} left`]
    : [];
  const lines = [
    [...bar, ...percent, ...amount, ...rate, ...left],
    [...percent, ...amount, ...rate, ...left],
    [...percent, ...amount, ...left],
    [...percent, ...amount],
    [...percent, ...amount.slice(0, 1)],
    percent,
  ].map((parts) => parts.join("  "));
  const least = Math.min(displayWidth(label), LEAST_LABEL);
  const rest = lines.find((line) => least + 2 + line.length <= columns) ?? "";
  return rest === "" ? cut(label, columns) : `${cut(label, columns - rest.length - 2)}  ${rest}`;
}

/** Returns the finished share from 0 to 1, by bytes or else by things. */
function shareOf({ bytes, totalBytes, things }: Amounts): number {
  const [done, total] = totalBytes ? [bytes, totalBytes] : [things?.done ?? 0, things?.total];
  return total ? Math.min(1, done / total) : 0;
}

function rateText({ bytes, things = 0 }: Speed, what: string | undefined): string[] {
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
