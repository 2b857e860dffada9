// Behaviors for retries and timeouts.
import type { InferOutput } from "../../../registry/mod.ts";
import { isRegistryError, shown, withDeadline } from "../../../core/kernel.ts";
import { unresolved } from "../../../core/errors.ts";
import type { PluginDefinition } from "../contract.ts";
import type { Behavior } from "../interfaces.ts";
import { count, defineSettings, milliseconds } from "../sets/settings.ts";

const RETRY = defineSettings({
  attempts: { ...count({ least: 1 }), otherwise: 3 },
  backoffMs: { ...milliseconds, otherwise: 100 },
  mostBackoffMs: { ...milliseconds, otherwise: 30_000 },
});

/**
 * `retry`: retries the rest of the task with exponential backoff. Does not retry permanent
 * failures.
 */
export const retry: PluginDefinition<Behavior, InferOutput<typeof RETRY>> = {
  config: RETRY,
  aliases: { backoff_ms: "backoffMs", most_backoff_ms: "mostBackoffMs" },
  consumes: [],
  create: ({ attempts, backoffMs, mostBackoffMs }) => ({
    async execute(next, input, { signal, system, logger, task }) {
      for (let attempt = 1;; attempt++) {
        try {
          return await next(input);
        } catch (error) {
          if (attempt >= attempts || signal.aborted || !maySucceed(error) || isSpent(input)) {
            throw error;
          }
          const waitMs = Math.min(mostBackoffMs, backoffMs * 2 ** (attempt - 1));
          const progress = `attempt ${attempt} of ${attempts}; retrying in ${waitMs} ms`;
          logger.debug(`Task ${shown(task)} failed, ${progress}`);
          await system.sleep(waitMs, signal);
        }
      }
    },
  }),
};

function maySucceed(error: unknown): boolean {
  return !isRegistryError(error) || error.retry !== "never" || error.code === "TaskFailed";
}

/** Returns true for an input with a stream, which cannot be read twice. */
function isSpent(input: unknown): boolean {
  if (typeof input !== "object" || input === null) return false;
  return [input, ...Object.values(input)].some((value) => value instanceof ReadableStream);
}

const TIMEOUT = defineSettings({ ms: { ...milliseconds, required: true } });

/**
 * `timeout`: aborts the signal of the rest of the task after `ms` milliseconds, and does not wait
 * for it.
 */
export const timeout: PluginDefinition<Behavior, InferOutput<typeof TIMEOUT>> = {
  config: TIMEOUT,
  aliases: { timeout_ms: "ms", timeoutMs: "ms" },
  consumes: [],
  create: ({ ms }) => ({
    async execute(next, input, { signal, system, task }) {
      const late = new AbortController();
      const done = new AbortController();
      const tooLate = unresolved("finish task", shown(task), `it timed out after ${ms} ms`, {
        hint: "Raise `ms`, and check what the task had already done.",
      });
      const sleeping = system.sleep(ms, AbortSignal.any([done.signal, signal]));
      sleeping.then(() => late.abort(tooLate), () => {});
      try {
        return await withDeadline(next(input, { signal: late.signal }), { signal: late.signal });
      } finally {
        done.abort();
      }
    },
  }),
};
