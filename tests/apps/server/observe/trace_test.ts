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

function remember({ trace, propagation, INVALID_SPAN_CONTEXT }: Api) {
  const spans: { name: string; kind?: number; attributes: Attributes; parent: unknown }[] = [];
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
    extract: (context, carrier, getter: TextMapGetter) =>
      context.setValue(PARENT, getter.get(carrier, "traceparent")),
  });
  return spans;
}

async function requestsAreSpans(api: Api) {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry);
  const ask = async (path: string) => {
    const headers = { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };
    await (await handler(new Request(`http://localhost${path}`, { headers }))).text();
  };
  await ask("/names");
  const spans = remember(api);
  try {
    await ask("/names?prefix=secret");
    await ask("/artifacts/none/versions/latest");
  } finally {
    api.trace.disable();
    api.propagation.disable();
    api.context.disable();
    delete (globalThis as Record<symbol, unknown>)[Symbol.for("opentelemetry.js.api.1")]; // whose version stays
  }
  await ask("/names");
  assertEquals(spans, [
    {
      name: "GET /names",
      kind: newest.SpanKind.SERVER,
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
      kind: newest.SpanKind.SERVER,
      attributes: {
        "http.request.method": "GET",
        "url.path": "/artifacts/none/versions/latest",
        "http.route": "/artifacts/:name/versions/:version",
        "http.response.status_code": 404,
      },
      parent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    },
  ]);
}

Deno.test("with a provider each request is a span that continues the caller's; without one nothing is made", async () => {
  await requestsAreSpans(newest as unknown as Api);
});

Deno.test("so it is in a program that has an older API, with a manager of contexts and without", async () => {
  await requestsAreSpans(older);
  older.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  await requestsAreSpans(older);
});
