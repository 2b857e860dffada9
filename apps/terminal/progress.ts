// One line on a terminal that says how far a long transfer is.
import { type CliIo, knownColumns } from "./cli_io.ts";
import { cut, displayWidth } from "./table.ts";
import { formatBytes, formatSeconds } from "./units.ts";

/** How far work is. */
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

/** A transfer that is being shown. */
export interface Progress {
  update(progress: Amounts): void;
  end(): Promise<void>;
}

/** What is not over by then is worth a line, milliseconds. */
const SHOW_AFTER_MS = 400;
/** At most ten redraws a second, milliseconds. */
const REDRAW_MS = 100;
/** The rate is that of the last so many milliseconds. */
const RATE_WINDOW_MS = 3_000;

/** While nothing has moved for so long the line says that it waits, milliseconds. */
const STILL_MS = 1_000;

/** Calls an action when some milliseconds have passed, unless what it returns is called before. */
export type Later = (ms: number, action: () => void) => () => void;

function laterBy(system: CliIo["system"]): Later {
  return (ms, action) => {
    const cancelled = new AbortController();
    system.sleep(ms, cancelled.signal).then(action, () => {});
    return () => cancelled.abort();
  };
}

/** Shows a transfer on standard error where that is a terminal; else does nothing. */
export function createProgress(
  label: string,
  io: CliIo,
  options: { later?: Later } = {},
): Progress {
  const { stderr, system } = io;
  if (!stderr.isTerminal) return { update() {}, end: () => Promise.resolve() };
  const startedAt = system.monotonic();
  let samples = [{ at: startedAt, bytes: 0, share: 0 }];
  let drawnAt = -Infinity;
  const { later = laterBy(system) } = options;
  let movedAt = startedAt;
  let last: Amounts;
  let cancel: (() => void) | undefined;
  let shown: Promise<void> = Promise.resolve();

  function draw(amounts: Amounts, speed?: Speed): void {
    const line = progressLine(label, amounts, speed, (knownColumns(stderr) ?? 80) - 1);
    shown = shown.then(() => stderr.write(`\r${line}\x1b[K`));
  }

  function look(): void {
    const leftMs = movedAt + STILL_MS - system.monotonic();
    cancel = leftMs > 0 ? later(leftMs, look) : undefined;
    if (leftMs > 0) return;
    drawnAt = system.monotonic();
    draw(last);
  }

  return {
    update(amounts) {
      const now = system.monotonic();
      [last, movedAt] = [amounts, now];
      cancel ??= later(STILL_MS, look);
      if (now - startedAt < SHOW_AFTER_MS || now - drawnAt < REDRAW_MS) return;
      drawnAt = now;
      const at = { at: now, share: shareOf(amounts), bytes: amounts.bytes };
      samples = [...samples.filter((sample) => now - sample.at <= RATE_WINDOW_MS), at];
      const [first] = samples;
      const seconds = (now - first.at) / 1000;
      const perSecond = (key: "share" | "bytes") =>
        seconds > 0 ? (at[key] - first[key]) / seconds : 0;
      const speed = { bytes: perSecond("bytes"), share: perSecond("share") };
      draw(amounts, speed);
    },
    async end() {
      cancel?.();
      await shown;
      if (drawnAt !== -Infinity) await stderr.write("\r\x1b[K");
      drawnAt = -Infinity;
    },
  };
}

/** How much is done in a second. */
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
  columns = Infinity,
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
