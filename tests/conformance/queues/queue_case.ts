// Cases of the suite for queues, and their helpers.
import { ok } from "node:assert/strict";
import { type ErrorCode, isRegistryError } from "../../../core/errors.ts";
import type { JobQueue, NewJob, WorkerEvent } from "../../../extensions/queues/queue.ts";

/** The input of a case. */
export interface QueueCaseContext {
  readonly queue: JobQueue;
  again(): Promise<JobQueue>;
}

/** A rule of the contract, and its test. */
export interface QueueCase {
  readonly name: string;
  /** Throws if the queue breaks the rule. */
  run(context: QueueCaseContext): Promise<void>;
}

export function job(id: string, more: Partial<NewJob> = {}): NewJob {
  return { id, group: "g", kind: "k", data: id, ...more };
}

/** Records the events of workers, and waits for them. */
export function createListener(): {
  onEvent(event: WorkerEvent): void;
  until(event: WorkerEvent["event"], id?: string): Promise<WorkerEvent>;
  /** Waits for the failure of a last attempt. */
  untilFailed(): Promise<WorkerEvent>;
  events: WorkerEvent[];
} {
  const events: WorkerEvent[] = [];
  const waiting: { fits(event: WorkerEvent): boolean; resolve(event: WorkerEvent): void }[] = [];
  const wait = (fits: (event: WorkerEvent) => boolean) => {
    const before = events.find(fits);
    if (before !== undefined) return Promise.resolve(before);
    return new Promise<WorkerEvent>((resolve) => waiting.push({ fits, resolve }));
  };
  return {
    events,
    onEvent(event) {
      events.push(event);
      for (const { fits, resolve } of waiting) if (fits(event)) resolve(event);
    },
    until: (name, id) =>
      wait((event) =>
        event.event === name && (id === undefined || "id" in event && event.id === id)
      ),
    untilFailed: () => wait((event) => event.event === "failed" && !event.again),
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
    return ok(isRegistryError(error, code), `it is not ${code}: ${error}`);
  }
  ok(false, `it was not refused as ${code}`);
}
