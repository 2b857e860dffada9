// One line on a terminal that says how far a long transfer is.
import { type CliIo, knownColumns } from "./cli_io.ts";
import { showLiveLines } from "./live_lines.ts";
import { cut, displayWidth } from "./table.ts";
import { formatBytes, formatSeconds } from "./units.ts";

export interface Amounts {
  /** Bytes so far. */
  bytes: number;
  /** Bytes of all, where that is known. */
  totalBytes?: number;
  /** Things that are done, such as versions, and how many there are where that is known. */
  things?: { done: number; total?: number; what: string };
  /** What is waited for while nothing moves. @default "waiting" */
  waits?: string;
}

export interface Progress {
  update(progress: Amounts): void;
  end(): Promise<void>;
}

/** What is not over by then is worth a line, milliseconds. */
const SHOW_AFTER_MS = 400;
/** The rate is that of the last so many milliseconds. */
const RATE_WINDOW_MS = 3_000;
/** Samples for the rate are at least so far apart, milliseconds. */
const SAMPLE_MS = 100;
/** While nothing has moved for so long the line says that it waits, milliseconds. */
const STILL_MS = 1_000;

/** Shows a transfer on standard error where that is a terminal; else does nothing. */
export function createProgress(label: string, io: CliIo): Progress {
  const { stderr, system } = io;
  if (!stderr.isTerminal) return { update() {}, end: () => Promise.resolve() };
  const startedAt = system.monotonic();
  let samples = [{ at: startedAt, bytes: 0, share: 0 }];
  let movedAt = startedAt;
  let last: Amounts | undefined;

  function speed(): Speed {
    const [first] = samples;
    const latest = samples.at(-1)!;
    const seconds = Math.max(latest.at - first.at, 1) / 1000;
    const perSecond = (key: "share" | "bytes") => (latest[key] - first[key]) / seconds;
    return { bytes: perSecond("bytes"), share: perSecond("share") };
  }

  const live = showLiveLines(io, () => {
    const now = system.monotonic();
    if (last === undefined || now - startedAt < SHOW_AFTER_MS) return [];
    const columns = (knownColumns(stderr) ?? 80) - 1;
    return [progressLine(label, last, now - movedAt < STILL_MS ? speed() : undefined, columns)];
  });
  return {
    update(amounts) {
      const now = system.monotonic();
      [last, movedAt] = [amounts, now];
      if (now - samples.at(-1)!.at >= SAMPLE_MS) {
        const at = { at: now, share: shareOf(amounts), bytes: amounts.bytes };
        samples = [...samples.filter((sample) => now - sample.at <= RATE_WINDOW_MS), at];
      }
      live.update();
    },
    end: () => live.end(),
  };
}

export interface Speed {
  /** Bytes. */
  bytes: number;
  /** Of all, from 0 to 1. */
  share: number;
}

const BAR_WIDTH = 20;
const LEAST_LABEL = 12;

/**
 * `save model  ████████░░░░░░░░░░░░  45%  120 MiB of 340 MiB  52.1 MiB/s  4s left`: without the bar, then without the
 * rate and what follows, where the line is too short. Without a speed nothing moves: it says what is waited for.
 */
export function progressLine(
  label: string,
  amounts: Amounts,
  speed?: Speed,
  columns: number = Infinity,
): string {
  const share = isMeasured(amounts) ? shareOf(amounts) : undefined;
  const percent = share === undefined ? [] : [`${Math.floor(share * 100)}%`.padStart(4)];
  const rate = speed !== undefined && speed.bytes >= 0.5 ? [`${formatBytes(speed.bytes)}/s`] : [];
  const left = speed === undefined
    ? [amounts.waits ?? "waiting"]
    : share !== undefined && share < 1 && speed.share > 0
    ? [`${formatSeconds((1 - share) / speed.share)} left`]
    : [];
  const bar = share === undefined ? [] : [barOf(share)];
  const amount = amountsText(amounts);
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

function isMeasured({ totalBytes, things }: Amounts): boolean {
  return (totalBytes ?? 0) > 0 || (things?.total ?? 0) > 0;
}

/** How much of all is done, from 0 to 1: by bytes, else by the number of things. */
function shareOf({ bytes, totalBytes, things }: Amounts): number {
  if (totalBytes !== undefined && totalBytes > 0) return Math.min(1, bytes / totalBytes);
  if (things?.total !== undefined && things.total > 0) {
    return Math.min(1, things.done / things.total);
  }
  return 0;
}

function amountsText({ bytes, totalBytes, things }: Amounts): string[] {
  const of = totalBytes === undefined || totalBytes === 0 ? "" : ` of ${formatBytes(totalBytes)}`;
  const size = `${formatBytes(bytes)}${of}`;
  if (things === undefined) return [size];
  const { done, total, what } = things;
  return [
    `${done}${total === undefined || total === 0 ? "" : ` of ${total}`} ${what}`,
    ...bytes > 0 ? [size] : [],
  ];
}

function barOf(share: number): string {
  const full = Math.round(share * BAR_WIDTH);
  return "█".repeat(full) + "░".repeat(BAR_WIDTH - full);
}
