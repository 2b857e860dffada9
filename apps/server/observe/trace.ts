// OpenTelemetry spans, if the program has a provider (an SDK, or `OTEL_DENO=true`).
//
// This module does not import the package of the API: release 1.10 cannot find a provider of a
// program with 1.9, which all SDKs of 2 use. It uses the global under which the API registers
// itself.
//
// @see https://github.com/open-telemetry/opentelemetry-js/blob/main/api/src/internal/semver.ts
import type { Answer } from "../answer.ts";
import { shownPath } from "./shown_path.ts";

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

/** `SpanKind.SERVER` and `SpanStatusCode.ERROR`. */
const SERVER = 1, ERROR = 2;

const HEADERS = {
  keys: (headers: Headers) => [...headers.keys()],
  get: (headers: Headers, name: string) => headers.get(name) ?? undefined,
};

function registered(): OpenTelemetry | undefined {
  return (globalThis as Record<symbol, unknown>)[Symbol.for("opentelemetry.js.api.1")] as
    | OpenTelemetry
    | undefined;
}

/** Creates a context for programs without a context manager. */
function contextOf(values: ReadonlyMap<symbol, unknown>): Context {
  return {
    getValue: (key) => values.get(key),
    setValue: (key, value) => contextOf(new Map([...values, [key, value]])),
    deleteValue: (key) => contextOf(new Map([...values].filter(([known]) => known !== key))),
  };
}

/**
 * Answers within a server span, which continues that of `traceparent` (W3C Trace Context).
 * Attributes follow the HTTP semantic conventions, without query and headers.
 */
export function traced(
  request: Request,
  known: { route?: string },
  answer: () => Promise<Answer>,
): Promise<Answer> {
  const { trace, context, propagation } = registered() ?? {};
  if (trace === undefined) return answer();
  const active = context?.active() ?? contextOf(new Map());
  const parent = propagation?.extract(active, request.headers, HEADERS) ?? active;
  const attributes = { "http.request.method": request.method, "url.path": shownPath(request.url) };
  const options = { kind: SERVER, attributes };
  const tracer = trace.getTracer("holdfast");
  return tracer.startActiveSpan(request.method, options, parent, async (span) => {
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
  });
}
