import { assertEquals } from "@std/assert";
import * as newest from "npm:@opentelemetry/api@^1.10";
import * as older from "npm:@opentelemetry/api@~1.9";
import type {
  Attributes,
  Context,
  Span,
  SpanOptions,
  TextMapGetter,
  Tracer,
} from "npm:@opentelemetry/api@~1.9";
import { AsyncLocalStorageContextManager } from "npm:@opentelemetry/context-async-hooks@^2";
import { openRegistry } from "../../../../mod.ts";
import { createHandler } from "../../../../apps/server.ts";

type Api = Pick<typeof older, "trace" | "propagation" | "context" | "INVALID_SPAN_CONTEXT">;
type Use = (span: Span) => unknown;

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

function remember({ trace, propagation, INVALID_SPAN_CONTEXT }: Api) {
  const spans: { name: string; kind?: number; attributes: Attributes; parent: unknown }[] = [];
  const PARENT = Symbol("traceparent");
  const tracer = {
    startActiveSpan(name: string, options: SpanOptions, ...[context, use]: [Context, Use] | [Use]) {
      if (use === undefined) return (context as Use)(trace.wrapSpanContext(INVALID_SPAN_CONTEXT));
      const span = {
        name,
        kind: options.kind,
        attributes: { ...options.attributes },
        parent: (context as Context).getValue(PARENT),
      };
      return use(
        {
          updateName: (name: string) => void (span.name = name),
          setAttribute: (key: string, value: string) => void (span.attributes[key] = value),
          setStatus() {},
          end: () => void spans.push(span),
        } as unknown as Span,
      );
    },
  } as unknown as Tracer;
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
  propagation.setGlobalPropagator({
    inject() {},
    fields: () => ["traceparent"],
    extract: (context, carrier, getter: TextMapGetter) =>
      context.setValue(PARENT, getter.get(carrier, "traceparent")),
  });
  return spans;
}

async function requestsAreSpans(api: Api) {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry);
  const ask = async (path: string) => {
    const headers = { traceparent: TRACEPARENT };
    await (await handler(new Request(`http://localhost${path}`, { headers }))).text();
  };
  await ask("/names");
  const spans = remember(api);
  try {
    await ask("/names?prefix=secret");
    await ask("/artifacts/none/versions/latest");
    await ask("/uploads/secret"); // an id grants access
  } finally {
    api.trace.disable();
    api.propagation.disable();
    api.context.disable();
    delete (globalThis as Record<symbol, unknown>)[Symbol.for("opentelemetry.js.api.1")];
  }
  await ask("/names");
  const span = (path: string, route: string, status: number) => ({
    name: `GET ${route}`,
    kind: newest.SpanKind.SERVER,
    attributes: {
      "http.request.method": "GET",
      "url.path": path,
      "http.route": route,
      "http.response.status_code": status,
    },
    parent: TRACEPARENT,
  });
  assertEquals(spans, [
    span("/names", "/names", 200),
    span("/artifacts/none/versions/latest", "/artifacts/:name/versions/:version", 404),
    span("/uploads/…", "/uploads/:upload", 404),
  ]);
}

Deno.test("with a provider, each request is a span that continues the caller's", async () => {
  await requestsAreSpans(newest as unknown as Api);
});

Deno.test("spans work with an older API, with and without a context manager", async () => {
  await requestsAreSpans(older);
  older.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  await requestsAreSpans(older);
});
