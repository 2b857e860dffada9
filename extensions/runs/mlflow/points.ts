// Metrics of MLflow as points of a run: a line has the metrics of one step and one time.
//
//   {"step":3,"loss":0.5,"auc":0.9,"_time":12.5}   12.5 seconds after the start of the run
import { numberText, STEP, TIME } from "../point_text.ts";
import { isJsonObject, RegistryError } from "../../../core/kernel.ts";
import { exactValue, WrittenNumber } from "../written.ts";

export interface Metric {
  readonly key: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly step: number;
  /** The digits of an integer that the number rounds. */
  readonly text?: string;
}

/** Keys that points use themselves, and those that were kept apart from them. */
const OWN_KEYS = /^(metric:)*(step|_time)$/;
export const NOT_FINITE: ReadonlyMap<string, number> = new Map([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
]);

/** Returns a metric in the JSON of MLflow, which has words for numbers that JSON would change. */
export function metricJson({ value, text: _, ...metric }: Metric) {
  if (Object.is(value, -0)) return { ...metric, value: "-0.0" };
  return { ...metric, value: Number.isFinite(value) ? value : `${value}` };
}

/** Returns the points of metrics, in their order. */
export function pointsOf(
  metrics: readonly Metric[],
  startedMs: number,
): Record<string, number>[] {
  const points: Map<string, number>[] = [];
  let last: Metric | undefined;
  for (const metric of metrics) {
    const { key, value, timestamp, step } = metric;
    const name = OWN_KEYS.test(key) ? `metric:${key}` : key;
    let point = points.at(-1);
    const goesOn = last?.step === step && last.timestamp === timestamp && !point?.has(name);
    if (point === undefined || !goesOn) {
      const seconds = (timestamp - startedMs) / 1000;
      if (timestampOf(seconds, startedMs) !== timestamp) {
        const message = `The timestamp ${timestamp} is too far from the start of the run`;
        throw new RegistryError({ code: "Invalid", message });
      }
      points.push(point = new Map([[STEP, step], [TIME, seconds]]));
    }
    point.set(name, value);
    last = metric;
  }
  return points.map((point) => Object.fromEntries(point));
}

/** Returns a point as a line of JSON, without its end. */
export function lineOf(point: Readonly<Record<string, number>>): string {
  const members = Object.entries(point).map(([name, value]) =>
    `${JSON.stringify(name)}:${numberText(value)}`
  );
  return `{${members.join(",")}}`;
}

function timestampOf(seconds: number, startedMs: number): number {
  return Math.round(seconds * 1000) + startedMs;
}

/** Yields the metrics of a line. Those of other programs may have names of several levels. */
export function* metricsIn(line: string, startedMs: number): Generator<Metric> {
  const point = exactValue(line); // or half a line of another program
  if (!isJsonObject(point)) return;
  const { [STEP]: step, [TIME]: seconds, ...values } = point;
  const at = {
    timestamp: timestampOf(typeof seconds === "number" ? seconds : 0, startedMs),
    step: typeof step === "number" ? Math.round(step) : 0,
  };
  for (const [name, number] of numbersIn(values, "")) {
    const key = OWN_KEYS.test(name) ? name.replace("metric:", "") : name;
    if (typeof number === "number") yield { key, value: number, ...at };
    else yield { key, value: Number(number.text), text: number.text, ...at };
  }
}

function* numbersIn(
  values: Record<string, unknown>,
  prefix: string,
): Generator<[name: string, value: number | WrittenNumber]> {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "number" || value instanceof WrittenNumber) yield [prefix + name, value];
    else if (isJsonObject(value)) yield* numbersIn(value, `${prefix}${name}.`);
    else {
      const number = typeof value === "string" ? NOT_FINITE.get(value) : undefined;
      if (number !== undefined) yield [prefix + name, number];
    }
  }
}

/** The last value of each metric: that of the highest step, then of the latest time. */
export class LastMetrics {
  readonly #last = new Map<string, Metric>();

  add(metric: Metric): void {
    const before = this.#last.get(metric.key);
    if (before === undefined || isLater(metric, before)) this.#last.set(metric.key, metric);
  }

  get all(): Metric[] {
    return [...this.#last.values()];
  }
}

/** True if a metric comes after another one. MLflow compares NaN as 0. */
function isLater(one: Metric, other: Metric): boolean {
  if (one.step !== other.step) return one.step > other.step;
  if (one.timestamp !== other.timestamp) return one.timestamp > other.timestamp;
  return (one.value || 0) > (other.value || 0);
}
