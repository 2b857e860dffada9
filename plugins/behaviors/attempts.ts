// Behaviors that decide how often, and how long, the remainder of a task is tried.
import { fault, isRegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { withDeadline } from "../../core/retry.ts";
import type { PluginDefinition } from "../contract.ts";
import type { Behavior } from "../interfaces.ts";
import { count, defineSettings, milliseconds } from "../sets/settings.ts";

interface RetrySettings {
  attempts: number;
  backoffMs: number;
  mostBackoffMs: number;
}

interface TimeoutSettings {
  ms: number;
}

/** `retry`: runs the remainder again where it failed, after a wait that doubles. What cannot succeed is not repeated. */
export const retry: PluginDefinition<Behavior> = {
  config: defineSettings<RetrySettings>({
    attempts: { ...count({ least: 1 }), otherwise: 3 },
    backoffMs: { ...milliseconds, otherwise: 100 },
    mostBackoffMs: { ...milliseconds, otherwise: 30_000 },
  }),
  aliases: { backoff_ms: "backoffMs", most_backoff_ms: "mostBackoffMs" },
  consumes: [],
  create: () => ({
    async execute(next, input, { config, signal, system, logger, task }) {
      const { attempts, backoffMs, mostBackoffMs } = config as unknown as RetrySettings;
      for (let attempt = 1;; attempt++) {
        try {
          return await next(input);
        } catch (error) {
          if (attempt >= attempts || signal.aborted || !maySucceed(error) || isSpent(input)) {
            throw error;
          }
          const waitMs = Math.min(mostBackoffMs, backoffMs * 2 ** (attempt - 1));
          logger.debug(
            `Task ${shown(task)} failed, attempt ${attempt} of ${attempts}; again in ${waitMs} ms`,
          );
          await system.sleep(waitMs, signal);
        }
      }
    },
  }),
};

/** What says that the same call fails again is believed. */
function maySucceed(error: unknown): boolean {
  return !isRegistryError(error) || error.retry !== "never" || error.code === "TaskFailed";
}

/** A stream that was begun cannot be read again. */
function isSpent(input: unknown): boolean {
  if (typeof input !== "object" || input === null) return false;
  return [input, ...Object.values(input)].some((value) => value instanceof ReadableStream);
}

/** `timeout`: ends the remainder after so many milliseconds, by its signal, and does not wait for it. */
export const timeout: PluginDefinition<Behavior> = {
  config: defineSettings<TimeoutSettings>({ ms: { ...milliseconds, required: true } }),
  aliases: { timeout_ms: "ms", timeoutMs: "ms" },
  consumes: [],
  create: () => ({
    async execute(next, input, { config, signal, system, task }) {
      const { ms } = config as unknown as TimeoutSettings;
      const late = new AbortController();
      const done = new AbortController();
      const tooLate = fault({
        code: "Unknown",
        action: "finish task",
        subject: shown(task),
        state: `it took longer than ${ms} ms`,
        hint:
          "Give it more time, or find out what it waits for. What it did until then is not undone.",
      });
      system.sleep(ms, AbortSignal.any([done.signal, signal])).then(
        () => late.abort(tooLate),
        () => {},
      );
      try {
        return await withDeadline(next(input, { signal: late.signal }), { signal: late.signal });
      } finally {
        done.abort();
      }
    },
  }),
};
