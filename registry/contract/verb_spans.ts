// OpenTelemetry spans of methods. The package is not imported: a program with a provider has it,
// and its API registers itself in `globalThis[Symbol.for("opentelemetry.js.api.1")]`, as Deno's
// does (`OTEL_DENO=true`). See https://github.com/open-telemetry/opentelemetry-js,
// api/src/internal/global-utils.ts.
import { isRegistryError } from "../../core/errors.ts";
import { type CallWatcher, namedBy, type VerbCall } from "../../core/calls/verb_call.ts";

/** The part of `@opentelemetry/api` 1 that is used. */
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
  run<T>(step: () => T): T;
}

const ERROR = 2;

export function isTraced(): boolean {
  return registered()?.trace !== undefined;
}

/**
 * Starts the span `holdfast.<verb>` in the active one, with names, versions, sizes and counts, but
 * no values.
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
        done({ version: resultVersion = version, moved, seen, skipped, items }) {
          span.setAttributes({
            "holdfast.artifact.version": resultVersion,
            "holdfast.artifact.size": moved ?? seen,
            "holdfast.skipped": skipped || undefined,
            "holdfast.items": items,
          });
          span.end();
        },
        failed(error) {
          const code = isRegistryError(error) ? error.code : "_OTHER"; // by the conventions
          span.setAttributes({ "error.type": code });
          span.setStatus({ code: ERROR, message: code });
          span.end();
        },
      };
    },
  );
}

function registered(): OpenTelemetry | undefined {
  const key = Symbol.for("opentelemetry.js.api.1");
  return (globalThis as { [key: symbol]: unknown })[key] as OpenTelemetry | undefined;
}
