import type { ReadableSpan } from "npm:@opentelemetry/sdk-trace-base@^2";
import { trace } from "npm:@opentelemetry/api@^1.10";
import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend, defineMaterializer, openRegistry } from "../../../mod.ts";
import { rejected } from "../rejected.ts";
import { tracing } from "./tracing.ts";

const told = ({ name, attributes, status }: ReadableSpan) => {
  const { "holdfast.registry.id": _, ...others } = attributes;
  return { name, attributes: others, status: status.code };
};

Deno.test("spans of load and open have the resolved version", async () => {
  const registry = await openRegistry(createMemoryBackend());
  await registry.save("a", 1);
  await registry.save("a", 2);
  await registry.setAlias("a", "live", "1");
  const spans = await tracing(async () => {
    for (const ref of ["a", "a@live", "a@^1"]) await registry.load(ref);
    await registry.open("a");
  });
  assertEquals(spans.map((span) => told(span).attributes["holdfast.artifact.version"]), [
    "2.0.0",
    "1.0.0",
    "1.0.0",
    "2.0.0",
  ]);
});

Deno.test("with a provider, each call is a span without values", async () => {
  const registry = await openRegistry(createMemoryBackend()); // before the provider
  const spans = await tracing(async () => {
    await registry.save("a", "secret", { metadata: { key: "secret" } });
    await registry.load("a@1");
    await rejected("NotFound", registry.load("b"));
    for (const name of ["a", "b"]) await registry.has(name);
    await registry.setAlias("a", "live", "1.0.0");
    for await (const _ of registry.names()) break;
    await rejected("Invalid", Array.fromAsync(registry.versions("a", { range: "no range" })));
    await registry.clearCache();
  });
  assertEquals(spans.map(told), [
    {
      name: "holdfast.save",
      attributes: {
        "holdfast.artifact.name": "a",
        "holdfast.artifact.version": "1.0.0",
        "holdfast.artifact.size": 6,
      },
      status: 0,
    },
    {
      name: "holdfast.load",
      attributes: {
        "holdfast.artifact.name": "a",
        "holdfast.artifact.version": "1.0.0",
        "holdfast.artifact.size": 6,
      },
      status: 0,
    },
    {
      name: "holdfast.load",
      attributes: { "holdfast.artifact.name": "b", "error.type": "NotFound" },
      status: 2,
    },
    { name: "holdfast.has", attributes: { "holdfast.artifact.name": "a" }, status: 0 },
    { name: "holdfast.has", attributes: { "holdfast.artifact.name": "b" }, status: 0 },
    { name: "holdfast.setAlias", attributes: { "holdfast.artifact.name": "a" }, status: 0 },
    { name: "holdfast.names", attributes: { "holdfast.items": 1 }, status: 0 },
    {
      name: "holdfast.versions",
      attributes: { "holdfast.artifact.name": "a", "error.type": "Invalid" },
      status: 2,
    },
    { name: "holdfast.clearCache", attributes: {}, status: 0 },
  ]);
  assertEquals(
    new Set(spans.map(({ attributes }) => attributes["holdfast.registry.id"])),
    new Set([registry.id]),
  );
  assert(
    !JSON.stringify(spans.map(({ attributes, events }) => [attributes, events])).includes("secret"),
  );
  await registry[Symbol.asyncDispose]();
});

Deno.test("spans nest: caller, method, materializer", async () => {
  const traced = defineMaterializer<{ n: number }>({
    id: "traced",
    async *save(value) {
      await Promise.resolve();
      trace.getTracer("program").startSpan("encode").end();
      yield { path: "n.txt", content: new TextEncoder().encode(`${value.n}`) };
    },
    load: async (artifact) => ({ n: (await artifact.file("n.txt").bytes()).length }),
  });
  const registry = await openRegistry(createMemoryBackend());
  const spans = await tracing(async () => {
    const tracer = trace.getTracer("program");
    await tracer.startActiveSpan("night", async (span) => {
      await Promise.all([
        registry.save("a", { n: 1 }, { as: traced }),
        registry.info("none").catch(() => {}),
      ]);
      for await (const _ of registry.names()) tracer.startSpan("in the loop").end();
      span.end();
    });
  });
  const byId = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  const parents = Object.fromEntries(
    spans.map((span) => [span.name, byId.get(span.parentSpanContext?.spanId ?? "")]),
  );
  assertEquals(parents, {
    "holdfast.info": "night",
    encode: "holdfast.save",
    "holdfast.save": "night",
    "in the loop": "night",
    "holdfast.names": "night",
    night: undefined,
  });
  await registry[Symbol.asyncDispose]();
});
