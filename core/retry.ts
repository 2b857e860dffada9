// Retries with full jitter (M. Brooker, "Exponential Backoff And Jitter"), and deadlines.
import { isRegistryError } from "./errors.ts";
import { realSystem, type System } from "./system.ts";

/** @internal */
interface RetryOptions {
  system: System;
  /** No retry starts after this time, milliseconds. @default 30000 */
  retryForMs?: number;
  /** Counts that time from the first failure: the first attempt may take long. @default false */
  fromFailure?: boolean;
  signal?: AbortSignal;
  /** True for failures that may pass. @default a `RegistryError` whose `retry` is "later" */
  passes?: (error: unknown) => boolean;
  onRetry?: (error: unknown, attempt: number) => void;
}

const BASE_MS = 20;
const MAX_MS = 5_000;

/** Returns a random delay after `attempt` failures, below a limit that doubles, milliseconds. */
export function backoffMs(attempt: number, random: () => number): number {
  return random() * Math.min(MAX_MS, BASE_MS * 2 ** Math.min(attempt, 12));
}

/** Calls `action` until it succeeds, fails for good, or time is up. Throws the last failure. */
export async function retry<T>(action: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { system, retryForMs = 30_000, signal, passes = isPassing, onRetry } = options;
  let startedAt = system.monotonic();
  for (let attempt = 1;; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (attempt === 1 && options.fromFailure) startedAt = system.monotonic();
      const waitMs = backoffMs(attempt, () => system.random());
      const over = system.monotonic() - startedAt + waitMs > retryForMs;
      if (over || signal?.aborted || !passes(error)) throw error;
      onRetry?.(error, attempt);
      await system.sleep(waitMs, signal);
    }
  }
}

/** True for failures that a later call may not have. */
export function isPassing(error: unknown): boolean {
  return isRegistryError(error) && error.retry === "later";
}

/**
 * Milliseconds without a byte after which a read goes on over another connection, which gets more
 * time. `aws s3 cp` waits for 60 s, the AWS CRT for 30 s, `huggingface_hub` for 10 s.
 */
export const SILENT_MS = 10_000;

interface SilenceOptions {
  /** Milliseconds by the real clock. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Bytes that may be sent without changing the counter. @default 0 */
  unseen?: number;
}

/** Bytes without visible progress that extend the wait by one time limit. */
const BYTES_PER_LIMIT = 512 * 1024;

/** Returns the number of time limits to wait for progress while these bytes may be in buffers. */
export function silentLimits(bytes: number): number {
  return 1 + Math.floor(bytes / BYTES_PER_LIMIT);
}

/** Resolves after a counter has not changed for these time limits, at most one of them later. */
export async function silence(
  count: () => number,
  { timeoutMs, signal, unseen = 0 }: SilenceOptions,
): Promise<void> {
  const limits = silentLimits(unseen);
  for (let before = -1, silent = 0; silent < limits; silent = before === count() ? silent + 1 : 0) {
    before = count();
    await realSystem.sleep(timeoutMs, signal);
  }
}

/** Waits for a promise until an abort (the signal's reason) or a timeout (`TimeoutError`). */
export async function withDeadline<T>(
  promise: Promise<T>,
  { timeoutMs, signal }: {
    /** Milliseconds by the real clock. @default unlimited */
    timeoutMs?: number;
    signal?: AbortSignal;
  },
): Promise<T> {
  if (signal?.aborted) {
    promise.catch(() => {});
    throw signal.reason;
  }
  if (signal === undefined && timeoutMs === undefined) return await promise;
  const settled = new AbortController();
  let stop = () => {};
  const ended = new Promise<never>((_, reject) => {
    stop = () => reject(signal?.reason);
    signal?.addEventListener("abort", stop);
    if (timeoutMs === undefined) return;
    // deno-lint-ignore holdfast/registry-errors -- the reason of AbortSignal.timeout
    const late = () => reject(new DOMException("Signal timed out.", "TimeoutError"));
    realSystem.sleep(timeoutMs, settled.signal).then(late, () => {});
  });
  try {
    return await Promise.race([promise, ended]);
  } finally {
    settled.abort("settled"); // a timer that runs on keeps a kilobyte for each request
    signal?.removeEventListener("abort", stop);
  }
}
