// Counters, gauges and histograms in the text format of Prometheus (version 0.0.4).
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export type LabelValues = readonly string[];

export interface Series {
  text(): string;
}

export interface NumberSeries extends Series {
  add(labels: LabelValues, value?: number): void;
  clear(): void;
}

export interface Histogram extends Series {
  observe(labels: LabelValues, value: number): void;
}

export interface SeriesDescription {
  name: string;
  help: string;
  /** Names of its labels. @default none */
  labels?: readonly string[];
}

const SEPARATOR = "\u0000"; // in no value: methods, patterns of routes, numbers, codes

export function createNumbers(
  kind: "counter" | "gauge",
  { name, help, labels = [] }: SeriesDescription,
): NumberSeries {
  const values = new Map<string, number>();
  if (labels.length === 0) values.set("", 0);
  return {
    add(given, value = 1) {
      const key = given.join(SEPARATOR);
      values.set(key, (values.get(key) ?? 0) + value);
    },
    clear: () => values.clear(),
    text: () =>
      `${head(kind, name, help)}${
        lines([...values].map(([key, value]) => [name, pairs(labels, key), value]))
      }`,
  };
}

export function createHistogram(
  { name, help, labels = [] }: SeriesDescription,
  bounds: readonly number[],
): Histogram {
  const all = new Map<string, { counts: number[]; count: number; sum: number }>();
  return {
    observe(given, value) {
      const key = given.join(SEPARATOR);
      let one = all.get(key);
      if (one === undefined) all.set(key, one = { counts: bounds.map(() => 0), count: 0, sum: 0 });
      const at = bounds.findIndex((bound) => value <= bound);
      if (at >= 0) one.counts[at]++;
      one.count++;
      one.sum += value;
    },
    text: () =>
      head("histogram", name, help) + [...all].map(([key, { counts, count, sum }]) => {
        const known = pairs(labels, key);
        let below = 0;
        return lines([
          ...bounds.map((
            bound,
            i,
          ): Line => [`${name}_bucket`, [...known, ["le", String(bound)]], below += counts[i]]),
          [`${name}_bucket`, [...known, ["le", "+Inf"]], count],
          [`${name}_sum`, known, sum],
          [`${name}_count`, known, count],
        ]);
      }).join(""),
  };
}

type Line = readonly [name: string, labels: readonly (readonly [string, string])[], value: number];

function head(kind: string, name: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`;
}

function lines(all: readonly Line[]): string {
  return all.map(([name, labels, value]) => {
    const shown = labels.map(([label, text]) => `${label}="${escaped(text)}"`).join(",");
    return `${name}${shown === "" ? "" : `{${shown}}`} ${value}\n`;
  }).join("");
}

function pairs(labels: readonly string[], key: string): [string, string][] {
  const values = key.split(SEPARATOR);
  return labels.map((label, i) => [label, values[i]]);
}

function escaped(text: string): string {
  return text.replace(/["\\\n]/g, (char) => char === "\n" ? "\\n" : `\\${char}`);
}
