// What a verb does, as a span of OpenTelemetry. Its package is not imported here: a program with a
// provider has it, and its API is found where it registers itself for all its copies,
// `globalThis[Symbol.for("opentelemetry.js.api.1")]`. Deno's own (`OTEL_DENO=true`) is there too.
//
// @see
// https://github.com/open-telemetry/opentelemetry-js/blob/main/api/src/internal/global-utils.ts
import { isRegistryError } from "../../core/errors.ts";
import { type CallWatcher, namedBy, type VerbCall } from "./verb_call.ts";

/** What is used of `@opentelemetry/api` 1. */
interface OpenTelemetry {
  trace?: { getTracer(name: string): Tracer };
  context?: { active(): unknown; with<T>(context: unknown, step: () => T): T };
}

interface Tracer {
  startActiveSpan<T>(name: string, options: { attributes: Attributes }, use: (span: Span) => T): T;
}

interface Span {
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

type Attributes = Record<string, string | number | boolean | undefined>;

export interface VerbSpan extends CallWatcher {
  /** Runs a step of the verb in it: spans that begin there are its children. */
  run<T>(step: () => T): T;
}

/** `SpanStatusCode.ERROR` of the API. */
const ERROR = 2;

/** Whether the program has a provider: without one no span is made. */
export function isTraced(): boolean {
  return registered()?.trace !== undefined;
}

/**
 * Begins the span `holdfast.<verb>`, a child of the one that is active where the verb was called; undefined without a
 * provider. Its attributes are names, versions, sizes and numbers of things; one that failed has the error's code.
 *
 * @param registry the registry's id
 */
export function beginSpan(call: VerbCall, registry: string): VerbSpan | undefined {
  const { trace, context } = registered() ?? {};
  if (trace === undefined) return undefined;
  const { name, version } = namedBy(call);
  const attributes = {
    "holdfast.registry.id": registry,
    "holdfast.artifact.name": name,
    "holdfast.artifact.version": version,
  };
  return trace.getTracer("holdfast").startActiveSpan(
    `holdfast.${call.verb}`,
    { attributes },
    (span) => {
      const within = context?.active();
      return {
        run: (step) => context === undefined ? step() : context.with(within, step),
        done({ version: meant = version, moved, seen, skipped, items }) {
          span.setAttributes({
            "holdfast.artifact.version": meant,
            "holdfast.artifact.size": moved ?? seen,
            "holdfast.skipped": skipped || undefined,
            "holdfast.items": items,
          });
          span.end();
        },
        failed(error) {
          const code = isRegistryError(error) ? error.code : "_OTHER"; // what the conventions call an error without a class
          span.setAttributes({ "error.type": code });
          span.setStatus({ code: ERROR, message: code });
          span.end();
        },
      };
    },
  );
}

function registered(): OpenTelemetry | undefined {
  return (globalThis as Record<symbol, unknown>)[Symbol.for("opentelemetry.js.api.1")] as
    | OpenTelemetry
    | undefined;
}
