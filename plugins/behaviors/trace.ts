// The behavior that logs when the rest of a task starts and ends.
import { messageOf } from "../../core/errors.ts";
import { described } from "../../core/text/described.ts";
import { shown } from "../../core/naming/names.ts";
import type { PluginDefinition } from "../contract.ts";
import type { Behavior } from "../interfaces.ts";
import { defineSettings, type Setting, text, word } from "../sets/settings.ts";

interface Span {
  setAttribute(name: string, value: string | number): unknown;
  recordException(error: Error): void;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

interface Tracer {
  startActiveSpan<T>(name: string, run: (span: Span) => Promise<T>): Promise<T>;
}

interface TraceSettings {
  label?: string;
  level: "debug" | "info";
  tracer?: Tracer;
}

const ERROR = 2; // SpanStatusCode.ERROR

const tracer: Setting = {
  problemOf: (value) =>
    typeof (value as Partial<Tracer>)?.startActiveSpan === "function"
      ? undefined
      : `it is ${described(value)}, not an OpenTelemetry tracer`,
};

/**
 * `trace`: logs start, end and failure with the duration, never inputs or results; optionally as a
 * span.
 */
export const trace: PluginDefinition<Behavior> = {
  config: defineSettings<TraceSettings>({
    label: text,
    level: { ...word("debug", "info"), otherwise: "info" },
    tracer,
  }),
  consumes: [],
  create: () => ({
    async execute(next, input, { config, logger, system, task, jobId }) {
      const { label = task, level, tracer } = config as unknown as TraceSettings;
      const name = `Task ${shown(label)}${jobId === undefined ? "" : ` (job ${jobId})`}`;
      const startedAt = system.monotonic();
      const passed = () => `${Math.round(system.monotonic() - startedAt)} ms`;
      logger[level](`${name} started`);
      try {
        const run = async () => await next(input);
        const result = await (tracer === undefined ? run() : inSpan(tracer, label, run, jobId));
        logger[level](`${name} finished after ${passed()}`);
        return result;
      } catch (error) {
        logger.warn(`${name} failed after ${passed()}: ${messageOf(error)}`);
        throw error;
      }
    },
  }),
};

async function inSpan(
  tracer: Tracer,
  name: string,
  run: () => Promise<unknown>,
  jobId?: string,
): Promise<unknown> {
  return await tracer.startActiveSpan(name, async (span) => {
    if (jobId !== undefined) span.setAttribute("job.id", jobId);
    try {
      return await run();
    } catch (error) {
      if (error instanceof Error) span.recordException(error);
      span.setStatus({ code: ERROR, message: messageOf(error) });
      throw error;
    } finally {
      span.end();
    }
  });
}
