// Spans of OpenTelemetry. Without a provider in the program (an SDK, or `OTEL_DENO=true`) nothing
// is made.
//
// Its package is not imported here: one of 1.10 finds no provider of a program that has 1.9, as all
// SDKs of 2 want it. Its API is where it registers itself for all its copies,
// `globalThis[Symbol.for("opentelemetry.js.api.1")]`.
//
// @see https://github.com/open-telemetry/opentelemetry-js/blob/main/api/src/internal/semver.ts
import { pathOf } from "../routing.ts";

interface OpenTelemetry {
  trace?: { getTracer(name: string): Tracer };
  context?: { active(): Context };
  propagation?: { extract(context: Context, carrier: Headers, getter: typeof HEADERS): Context };
}

interface Context {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): Context;
  deleteValue(key: symbol): Context;
}

interface Tracer {
  startActiveSpan<T>(
    name: string,
    options: { kind: number; attributes: Record<string, string> },
    parent: Context,
    use: (span: Span) => T,
  ): T;
}

interface Span {
  updateName(name: string): unknown;
  setAttribute(name: string, value: string | number): unknown;
  setStatus(status: { code: number }): unknown;
  end(): void;
}

/** `SpanKind.SERVER` and `SpanStatusCode.ERROR` of the API. */
const SERVER = 1, ERROR = 2;

export interface TracedRequest {
  route?: string;
}

const HEADERS = {
  keys: (headers: Headers) => [...headers.keys()],
  get: (headers: Headers, name: string) => headers.get(name) ?? undefined,
};

function registered(): OpenTelemetry | undefined {
  return (globalThis as Record<symbol, unknown>)[Symbol.for("opentelemetry.js.api.1")] as
    | OpenTelemetry
    | undefined;
}

/** A context as the API has it, for a program without a manager of contexts. */
function contextOf(values: ReadonlyMap<symbol, unknown>): Context {
  return {
    getValue: (key) => values.get(key),
    setValue: (key, value) => contextOf(new Map([...values, [key, value]])),
    deleteValue: (key) => contextOf(new Map([...values].filter(([known]) => known !== key))),
  };
}

/**
 * Answers in a span of kind server, which continues the one that `traceparent` names (W3C Trace Context). Its attributes
 * are those of HTTP's semantic conventions; neither query nor headers are among them.
 */
export function traced(
  request: Request,
  known: TracedRequest,
  answer: () => Promise<Response>,
): Promise<Response> {
  const { trace, context, propagation } = registered() ?? {};
  if (trace === undefined) return answer();
  const active = context?.active() ?? contextOf(new Map());
  const parent = propagation?.extract(active, request.headers, HEADERS) ?? active;
  const attributes = {
    "http.request.method": request.method,
    "url.path": pathOf(request.url).split("?", 1)[0],
  };
  const tracer = trace.getTracer("holdfast");
  return tracer.startActiveSpan(
    request.method,
    { kind: SERVER, attributes },
    parent,
    async (span) => {
      try {
        const response = await answer();
        if (known.route !== undefined) {
          span.updateName(`${request.method} ${known.route}`);
          span.setAttribute("http.route", known.route);
        }
        span.setAttribute("http.response.status_code", response.status);
        if (response.status >= 500) span.setStatus({ code: ERROR });
        return response;
      } finally {
        span.end();
      }
    },
  );
}
