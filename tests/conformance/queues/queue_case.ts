// What a case of the suite for queues is, and what cases share.
import { ok, strictEqual } from "node:assert/strict";
import { type ErrorCode, isRegistryError } from "../../../core/errors.ts";
import type { JobQueue, NewJob, WorkerEvent } from "../../../core/queue.ts";

/** What a case works with. */
export interface QueueCaseContext {
  readonly queue: JobQueue;
  again(): Promise<JobQueue>;
}

/** One sentence of the contract, and what shows that a queue keeps it. */
export interface QueueCase {
  readonly name: string;
  /** Throws where the queue does not keep it. */
  run(context: QueueCaseContext): Promise<void>;
}

export function job(id: string, more: Partial<NewJob> = {}): NewJob {
  return { id, group: "g", kind: "k", data: id, ...more };
}

export function createListener(): {
  onEvent(event: WorkerEvent): void;
  until(event: WorkerEvent["event"], id?: string): Promise<WorkerEvent>;
  heard: WorkerEvent[];
} {
  const heard: WorkerEvent[] = [];
  const waiting: { event: string; id?: string; resolve(event: WorkerEvent): void }[] = [];
  const fits = (told: WorkerEvent, event: string, id?: string) =>
    told.event === event && (id === undefined || ("id" in told && told.id === id));
  return {
    heard,
    onEvent(told) {
      heard.push(told);
      for (const entry of waiting) if (fits(told, entry.event, entry.id)) entry.resolve(told);
    },
    until(event, id) {
      const before = heard.find((told) => fits(told, event, id));
      if (before !== undefined) return Promise.resolve(before);
      return new Promise((resolve) => waiting.push({ event, id, resolve }));
    },
  };
}

export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

export async function refused(call: () => Promise<unknown>, code: ErrorCode): Promise<void> {
  try {
    await call();
  } catch (error) {
    ok(isRegistryError(error), `it is no RegistryError: ${error}`);
    return strictEqual(error.code, code);
  }
  ok(false, `it was not refused as ${code}`);
}
