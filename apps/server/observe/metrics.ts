// What is counted, as Prometheus reads it.
import { createHistogram, createNumbers, type Series } from "./prometheus.ts";

export interface AnsweredRequest {
  method: string;
  /** The pattern of its route, `none` where there is none: never its path, of which there are too many. */
  route: string;
  status: number;
  /** How long it took until its first byte, milliseconds. */
  durationMs: number;
  /** Bytes of its body, as far as they were announced. */
  receivedBytes: number;
  /** Bytes of the answer, as far as they were announced. */
  sentBytes: number;
}

export interface Metrics {
  begin(): void;
  end(request: AnsweredRequest): void;
  fault(code: string): void;
  /** A number that is asked for when it is read, by the values of a label; undefined where it cannot be told. */
  watch(
    gauge: { name: string; help: string; label: string; read(): Promise<Record<string, number>> },
  ): void;
  text(): Promise<string>;
}

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createMetrics(): Metrics {
  const requests = createNumbers("counter", {
    name: "holdfast_requests_total",
    help: "Requests that were answered",
    labels: ["method", "route", "status"],
  });
  const seconds = createHistogram({
    name: "holdfast_request_duration_seconds",
    help: "Time from a request to the first byte of its answer",
    labels: ["method", "route"],
  }, BUCKETS);
  const underWay = createNumbers("gauge", {
    name: "holdfast_requests_under_way",
    help: "Requests that wait for an answer",
  });
  const received = createNumbers("counter", {
    name: "holdfast_received_bytes_total",
    help: "Announced bytes of bodies",
  });
  const sent = createNumbers("counter", {
    name: "holdfast_sent_bytes_total",
    help: "Announced bytes of answers",
  });
  const faults = createNumbers("counter", {
    name: "holdfast_store_faults_total",
    help: "Answers that failed because of the store or what it holds",
    labels: ["code"],
  });
  const counted: Series[] = [requests, seconds, underWay, received, sent, faults];
  const watched: (() => Promise<void>)[] = [];
  return {
    begin: () => underWay.add([]),
    end({ method, route, status, durationMs, receivedBytes, sentBytes }) {
      underWay.add([], -1);
      requests.add([method, route, String(status)]);
      seconds.observe([method, route], durationMs / 1000);
      if (receivedBytes > 0) received.add([], receivedBytes);
      if (sentBytes > 0) sent.add([], sentBytes);
    },
    fault: (code) => faults.add([code]),
    watch({ name, help, label, read }) {
      const values = createNumbers("gauge", { name, help, labels: [label] });
      counted.push(values);
      watched.push(async () => {
        const found = await read().catch(() => ({}));
        values.clear();
        for (const [value, count] of Object.entries(found)) values.add([value], count);
      });
    },
    async text() {
      await Promise.all(watched.map((read) => read()));
      return counted.map((series) => series.text()).join("");
    },
  };
}
