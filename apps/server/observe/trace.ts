/**
 * Spans of OpenTelemetry. Without a provider in the program (an SDK, or `OTEL_DENO=true`) nothing is made.
 *
 * @module
 */
import {
  context,
  propagation,
  ProxyTracerProvider,
  SpanKind,
  SpanStatusCode,
  trace,
} from "npm:@opentelemetry/api@^1.10";
import { pathOf } from "../paths.ts";

/** What becomes known of a request while it is answered. */
export interface TracedRequest {
  /** The pattern of its route. */
  route?: string;
}

const HEADERS = {
  keys: (headers: Headers) => [...headers.keys()],
  get: (headers: Headers, name: string) => headers.get(name) ?? undefined,
};

/** Whether spans are made: whether the program has a provider. */
export function isTraced(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer("holdfast") !== undefined;
}

/**
 * Answers in a span of kind server, which continues the one that `traceparent` names (W3C Trace Context). Its attributes
 * are those of HTTP's semantic conventions; neither query nor headers are among them.
 */
export function traced(request: Request, known: TracedRequest, answer: () => Promise<Response>): Promise<Response> {
  if (!isTraced()) return answer();
  const tracer = trace.getTracer("holdfast");
  const parent = propagation.extract(context.active(), request.headers, HEADERS);
  const attributes = { "http.request.method": request.method, "url.path": pathOf(request.url).split("?", 1)[0] };
  return tracer.startActiveSpan(request.method, { kind: SpanKind.SERVER, attributes }, parent, async (span) => {
    try {
      const response = await answer();
      if (known.route !== undefined) {
        span.updateName(`${request.method} ${known.route}`);
        span.setAttribute("http.route", known.route);
      }
      span.setAttribute("http.response.status_code", response.status);
      if (response.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      return response;
    } finally {
      span.end();
    }
  });
}
