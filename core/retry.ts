// Repeating what may be repeated, with full jitter (M. Brooker, "Exponential Backoff And Jitter"),
// and waiting for no longer than one wants to.
import { isRegistryError } from "./errors.ts";
import type { System } from "./system.ts";

export interface RetryOptions {
  system: System;
  /** Nothing is repeated after so many milliseconds. @default 30000 */
  retryForMs?: number;
  signal?: AbortSignal;
  /** Whether this failure may pass. @default a `RegistryError` whose `retry` is "later" */
  passes?: (error: unknown) => boolean;
  onRetry?: (error: unknown, attempt: number) => void;
}

const BASE_MS = 20;
const MAX_MS = 5_000;

/** How long to wait before the attempt after `attempt` failures: evenly spread below a bound that doubles, milliseconds. */
export function backoffMs(attempt: number, random: () => number): number {
  return random() * Math.min(MAX_MS, BASE_MS * 2 ** Math.min(attempt, 12));
}

/** Calls `action` until it succeeds, fails for good, or the time is over; then throws the last failure. */
export async function retry<T>(action: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { system, retryForMs = 30_000, signal, passes = isPassing, onRetry } = options;
  const startedAt = system.monotonic();
  for (let attempt = 1;; attempt++) {
    try {
      return await action();
    } catch (error) {
      const waitMs = backoffMs(attempt, () => system.random());
      const over = system.monotonic() - startedAt + waitMs > retryForMs;
      if (over || signal?.aborted || !passes(error)) throw error;
      onRetry?.(error, attempt);
      await system.sleep(waitMs, signal);
    }
  }
}

/** A failure that the same call may not meet again. */
export function isPassing(error: unknown): boolean {
  return isRegistryError(error) && error.retry === "later";
}

export interface DeadlineOptions {
  /** Milliseconds, by the real clock. @default without end */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** The outcome of what cannot be stopped; rejects with the signal's reason, or with a `TimeoutError`, where that comes first. */
export async function withDeadline<T>(
  promise: Promise<T>,
  { timeoutMs, signal }: DeadlineOptions,
): Promise<T> {
  if (signal?.aborted) {
    promise.catch(() => {}); // nobody waits for it
    throw signal.reason;
  }
  if (signal === undefined && timeoutMs === undefined) return await promise;
  const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  let stop = () => {};
  const ended = new Promise<never>((_, reject) => {
    stop = () => reject(signal?.aborted ? signal.reason : timeout!.reason);
    timeout?.addEventListener("abort", stop);
    signal?.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([promise, ended]);
  } finally {
    timeout?.removeEventListener("abort", stop);
    signal?.removeEventListener("abort", stop);
  }
}
