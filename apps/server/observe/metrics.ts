// Metrics in the Prometheus text format (version 0.0.4).
import { itemAt } from "../../../core/faults/present.ts";
import type { System } from "../../../core/system.ts";
import { withinMs } from "../within_time.ts";
import type { Gauge } from "./gauge.ts";
import type { DurationCounts, ProcessCounts } from "./process_counts.ts";

export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Bounds of the histogram, seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Without an answer by then, a gauge has no values: scrapers give up after 10 s. */
const READ_WITHIN_MS = 5000;

/** Separates the values of labels in a key. */
const BETWEEN = "\0";

/** A counter or a gauge. Without labels it starts at 0. */
class Numbers {
  readonly name: string;
  readonly #values = new Map<string, number>();
  readonly #head: string;
  readonly #labels: string[];

  constructor(kind: "counter" | "gauge", name: string, help: string, ...labels: string[]) {
    this.name = name;
    this.#head = head(kind, name, help);
    this.#labels = labels;
    if (labels.length === 0) this.#values.set("", 0);
  }

  add(values: readonly string[], by = 1): void {
    const key = values.join(BETWEEN);
    this.#values.set(key, (this.#values.get(key) ?? 0) + by);
  }

  /** Values by their labels. */
  values(): Record<string, number> {
    return Object.fromEntries(this.#values);
  }

  text(values = this.values()): string {
    const lines = Object.entries(values).map(([key, value]) =>
      line(this.name, labelled(this.#labels, key.split(BETWEEN)), value)
    );
    return this.#head + lines.join("");
  }
}

function valuesOf(all: readonly Numbers[]): Record<string, Record<string, number>> {
  return Object.fromEntries(all.map((each) => [each.name, each.values()]));
}

class Durations {
  readonly #name = "holdfast_request_duration_seconds";
  readonly #values = new Map<string, DurationCounts>();

  observe(method: string, route: string, seconds: number): void {
    const key = `${method}${BETWEEN}${route}`;
    let known = this.#values.get(key);
    if (known === undefined) {
      this.#values.set(key, known = { counts: Array(BUCKETS.length + 1).fill(0), sum: 0 });
    }
    let bucket = 0;
    while (bucket < BUCKETS.length && seconds > itemAt(BUCKETS, bucket)) bucket++;
    known.counts[bucket]!++;
    known.sum += seconds;
  }

  values(): Record<string, DurationCounts> {
    return Object.fromEntries(this.#values);
  }

  text(values: Record<string, DurationCounts>): string {
    const name = this.#name;
    const lines = Object.entries(values).flatMap(([key, { counts, sum }]) => {
      const labels = labelled(["method", "route"], key.split(BETWEEN));
      let count = 0;
      const buckets = counts.map((some, i) =>
        line(`${name}_bucket`, `${labels},le="${BUCKETS[i] ?? "+Inf"}"`, count += some)
      );
      return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, count)];
    });
    const help = "Time from a request to the first byte of its answer";
    return head("histogram", name, help) + lines.join("");
  }
}

function counter(name: string, help: string, ...labels: string[]): Numbers {
  return new Numbers("counter", `holdfast_${name}`, help, ...labels);
}

function head(kind: string, name: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`;
}

function line(name: string, labels: string, value: number): string {
  return `${name}${labels === "" ? "" : `{${labels}}`} ${value}\n`;
}

function labelled(names: readonly string[], values: readonly string[]): string {
  const escaped = (text: string) =>
    text.replace(/["\\\n]/g, (char) => char === "\n" ? "\\n" : `\\${char}`);
  return names.map((name, i) => `${name}="${escaped(values[i] ?? "")}"`).join(",");
}

interface AnsweredRequest {
  method: string;
  /** The pattern of its route, or `none`. */
  route: string;
  status: number;
  /** Time to the first byte, milliseconds. */
  durationMs: number;
  receivedBytes: number;
  sentBytes: number;
}

/** A gauge whose values each process has for itself. */
export interface ProcessGauge extends Omit<Gauge, "label" | "read"> {
  label: string;
  /** Returns values by the value of the label. Of all processes, the highest counts. */
  read(): Readonly<Record<string, number>>;
}

export class Metrics {
  readonly #requests = counter("requests_total", "Answered requests", "method", "route", "status");
  readonly #durations = new Durations();
  readonly #running = new Numbers("gauge", "holdfast_requests_under_way", "Running requests");
  readonly #processes = new Numbers("gauge", "holdfast_processes", "Processes of this service");
  readonly #received = counter("received_bytes_total", "Content-Length of requests");
  readonly #sent = counter("sent_bytes_total", "Content-Length of answers");
  readonly #faults = counter("store_faults_total", "Failures of the store or its data", "code");
  readonly #unchecked = counter(
    "unchecked_tokens_total",
    "Requests whose token cannot be checked: its file is missing, unreadable or damaged",
    "reason",
  );
  readonly #gauges = [this.#running, this.#processes];
  readonly #totals = [this.#requests, this.#received, this.#sent, this.#faults, this.#unchecked];
  readonly #watched: (() => Promise<string>)[] = [];
  readonly #ofProcess: ProcessGauge[] = [];

  readonly #system: Pick<System, "sleep">;

  constructor(system: Pick<System, "sleep">) {
    this.#system = system;
    this.#processes.add([]);
  }

  begin(): void {
    this.#running.add([]);
  }

  end({ method, route, status, durationMs, receivedBytes, sentBytes }: AnsweredRequest): void {
    this.#running.add([], -1);
    this.#requests.add([method, route, String(status)]);
    this.#durations.observe(method, route, durationMs / 1000);
    this.#received.add([], receivedBytes);
    this.#sent.add([], sentBytes);
  }

  fault(code: string): void {
    this.#faults.add([code]);
  }

  uncheckedToken(reason: string): void {
    this.#unchecked.add([reason]);
  }

  /** Adds a gauge. If `read` fails, or takes long, it has no values. */
  watch(gauge: Gauge): void {
    const { name, help, label } = gauge;
    const labels = label === undefined ? [] : [label];
    this.#watched.push(async () => {
      const read = async () => await gauge.read();
      const result = await withinMs(READ_WITHIN_MS, read(), this.#system).catch(() => undefined);
      if (result === undefined) return "";
      const values = new Numbers("gauge", name, help, ...labels);
      if (typeof result === "number") values.add([], result);
      else for (const [value, count] of Object.entries(result)) values.add([value], count);
      return values.text();
    });
  }

  watchProcess(gauge: ProcessGauge): void {
    this.#ofProcess.push(gauge);
  }

  /** Returns the values of this process. */
  counts(): ProcessCounts {
    return {
      numbers: valuesOf(this.#totals),
      running: valuesOf(this.#gauges),
      durations: this.#durations.values(),
      highest: Object.fromEntries(this.#ofProcess.map((each) => [each.name, each.read()])),
    };
  }

  /** @param counts those of all processes. @default those of this one */
  async text(counts: ProcessCounts = this.counts()): Promise<string> {
    const watched = await Promise.all(this.#watched.map((read) => read()));
    const { numbers, running, durations, highest } = counts, sums = { ...numbers, ...running };
    const ofProcess = this.#ofProcess.map(({ name, help, label }) =>
      new Numbers("gauge", name, help, label).text(highest[name] ?? {})
    );
    return [
      this.#durations.text(durations),
      ...[...this.#gauges, ...this.#totals].map((each) => each.text(sums[each.name])),
      ...watched,
      ...ofProcess,
    ].join("");
  }
}
