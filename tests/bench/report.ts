// Results as JSON lines or as a table.
import { median, type Sample, type Timing } from "./measure.ts";

export interface Row {
  group: string;
  name: string;
  runs: number;
  unit: "op" | "MiB";
  /** Milliseconds of one operation or MiB, in the best run. */
  bestMs: number;
  /** Milliseconds of one operation or MiB, in the median run. */
  medianMs: number;
  /** Processor milliseconds of one operation or MiB, in the best run. */
  cpuMs: number;
  /** Operations or MiB in a second, in the best run. */
  perSecond: number;
  timesFloor?: Ratio;
  /** The measure of `timesFloor`. */
  floor?: string;
  /** The ratio to a second measure, named by `second`. */
  timesSecond?: Ratio & { second: string };
  facts?: Record<string, number | string>;
  columns?: Record<string, string>;
}

export interface Ratio {
  best: number;
  median: number;
  cpu: number;
}

export function rowsOf(group: string, samples: readonly Sample[]): Row[] {
  return samples.map((sample) => {
    const { name, unit, floor, second, facts, columns } = sample.measure;
    const { best, middle, cpu } = summaryOf(each(sample));
    const row: Row = {
      group,
      name,
      runs: sample.timings.length,
      unit,
      bestMs: rounded(best),
      medianMs: rounded(middle),
      cpuMs: rounded(cpu),
      perSecond: rounded(1000 / best),
    };
    const below = samples.find(({ measure }) => measure.name === floor);
    if (below !== undefined) {
      row.timesFloor = ratio(each(sample), each(below));
      row.floor = floor;
    }
    const beside = samples.find(({ measure }) => measure.name === second);
    if (second !== undefined && beside !== undefined) {
      row.timesSecond = { second, ...ratio(each(sample), each(beside)) };
    }
    const more = facts?.();
    if (more !== undefined) row.facts = more;
    if (columns !== undefined) row.columns = columns();
    return row;
  });
}

function each({ measure, timings }: Sample): Timing[] {
  return timings.map(({ wallMs, cpuMs }) => ({
    wallMs: wallMs / measure.count,
    cpuMs: cpuMs / measure.count,
  }));
}

function summaryOf(timings: readonly Timing[]): { best: number; middle: number; cpu: number } {
  const walls = timings.map(({ wallMs }) => wallMs);
  return {
    best: Math.min(...walls),
    middle: median(walls),
    cpu: Math.min(...timings.map(({ cpuMs }) => cpuMs)),
  };
}

function ratio(timings: readonly Timing[], to: readonly Timing[]): Ratio {
  const [a, b] = [summaryOf(timings), summaryOf(to)];
  return {
    best: rounded(a.best / b.best),
    median: rounded(a.middle / b.middle),
    cpu: rounded(a.cpu / b.cpu),
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

export function tableOf(title: string, rows: readonly Row[]): string {
  const head = ["", "best", "median", "cpu", "per second", "× floor", ""];
  const cells = rows.map((row) => [
    row.name,
    time(row.bestMs),
    time(row.medianMs),
    time(row.cpuMs),
    speedOf(row),
    shownRatio(row.timesFloor),
    [
      ...(row.timesSecond ? [`${shownRatio(row.timesSecond)} × ${row.timesSecond.second}`] : []),
      ...Object.entries({ ...row.columns, ...row.facts }).map(([key, value]) => `${key}: ${value}`),
    ].join("; "),
  ]);
  const used = head.map((_, i) => i === 0 || cells.some((line) => line[i] !== ""));
  const lines = [head, ...cells].map((line) => line.filter((_, i) => used[i]));
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const last = widths.length - 1;
  const left = (i: number) => i === 0 || (i === last && used[head.length - 1]);
  const text = lines.map((line) =>
    line.map((cell, i) =>
      left(i) ? (i === last ? cell : cell.padEnd(widths[i])) : cell.padStart(widths[i])
    ).join("  ")
      .trimEnd()
  );
  return `${title}\n${text.map((line) => `  ${line}`).join("\n")}\n`;
}

export function speedOf({ bestMs, perSecond, unit }: Row): string {
  if (bestMs === 0) return "";
  const count = perSecond < 10 ? perSecond.toPrecision(2) : Math.round(perSecond);
  return `${count.toLocaleString("en")} ${unit === "op" ? "" : "MiB"}`.trim();
}

function shownRatio(ratio: Ratio | undefined): string {
  if (ratio === undefined) return "";
  return `${ratio.best.toPrecision(3)} (${ratio.median.toPrecision(3)}, cpu ${
    ratio.cpu.toPrecision(3)
  })`;
}

function time(ms: number): string {
  if (ms === 0) return "";
  if (ms < 1) return `${(ms * 1000).toPrecision(3)} µs`;
  return ms < 1000 ? `${ms.toPrecision(3)} ms` : `${(ms / 1000).toPrecision(3)} s`;
}
