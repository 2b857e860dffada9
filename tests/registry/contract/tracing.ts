// A program with the OpenTelemetry SDK.
import { context, type ContextManager, trace } from "npm:@opentelemetry/api@^1.10";
import { AsyncLocalStorageContextManager } from "npm:@opentelemetry/context-async-hooks@^2";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "npm:@opentelemetry/sdk-trace-base@^2";

/** Runs with the OpenTelemetry SDK as provider; returns the ended spans. */
export async function tracing(action: () => Promise<unknown>): Promise<ReadableSpan[]> {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable() as ContextManager);
  try {
    await action();
    return exporter.getFinishedSpans();
  } finally {
    trace.disable();
    context.disable();
  }
}
