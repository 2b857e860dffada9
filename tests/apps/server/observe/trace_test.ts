import { assertEquals } from "@std/assert";
import { INVALID_SPAN_CONTEXT, ROOT_CONTEXT, SpanKind, trace } from "npm:@opentelemetry/api@^1.10";
import type { Attributes, Context, Span, SpanOptions, TextMapGetter, Tracer } from "npm:@opentelemetry/api@^1.10";
import { propagation } from "npm:@opentelemetry/api@^1.10";
import { openRegistry } from "../../../../mod.ts";
import { createHandler } from "../../../../apps/server.ts";

type Use = (span: Span) => unknown;

/** A provider that remembers the spans that were ended, and what they continue. */
function remember() {
  const spans: { name: string; kind?: SpanKind; attributes: Attributes; parent: unknown }[] = [];
  const PARENT = Symbol("traceparent");
  const tracer = {
    startActiveSpan(name: string, options: SpanOptions, ...[context, use]: [Context, Use] | [Use]) {
      if (use === undefined) return (context as Use)(trace.wrapSpanContext(INVALID_SPAN_CONTEXT)); // of a verb
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
    extract: (_context, carrier, getter: TextMapGetter) =>
      ROOT_CONTEXT.setValue(PARENT, getter.get(carrier, "traceparent")),
  });
  return spans;
}

Deno.test("with a provider each request is a span that continues the caller's; without one nothing is made", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry);
  const ask = async (path: string) => {
    const headers = { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };
    await (await handler(new Request(`http://localhost${path}`, { headers }))).text();
  };
  await ask("/names");
  const spans = remember();
  try {
    await ask("/names?prefix=secret");
    await ask("/artifacts/none/versions/latest");
  } finally {
    trace.disable();
    propagation.disable();
  }
  await ask("/names");
  assertEquals(spans, [
    {
      name: "GET /names",
      kind: SpanKind.SERVER,
      attributes: {
        "http.request.method": "GET",
        "url.path": "/names",
        "http.route": "/names",
        "http.response.status_code": 200,
      },
      parent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    },
    {
      name: "GET /artifacts/:name/versions/:version",
      kind: SpanKind.SERVER,
      attributes: {
        "http.request.method": "GET",
        "url.path": "/artifacts/none/versions/latest",
        "http.route": "/artifacts/:name/versions/:version",
        "http.response.status_code": 404,
      },
      parent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    },
  ]);
});
