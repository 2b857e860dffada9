// Health, readiness and metrics.
import type { Routes } from "../gateways/gateway.ts";
import { Answer } from "../answer.ts";
import type { ServerContext } from "../routing.ts";
import { route } from "../describe.ts";
import { PROMETHEUS_TYPE } from "../observe/metrics.ts";
import { createReadiness, WITHIN_MS } from "../observe/readiness.ts";
import { withinMs } from "../within_time.ts";
import { HealthSchema, ReadinessSchema } from "../schemas/reading.ts";

const FRESH = { "cache-control": "no-store" };

export function observationRoutes(
  routes: Routes,
  context: ServerContext,
): void {
  const { registry, system, closing, metrics, memory, allCounts } = context;
  const { tokens, audit, gauges = [] } = context.options;
  const isAudited = async () => {
    if (audit === undefined) return true;
    const checked = memory.trail.checkNow().then(() => true, () => false);
    return await withinMs(WITHIN_MS, checked, system) ?? false;
  };
  const readiness = createReadiness(registry, { system, closing, tokens, isAudited });
  if (audit !== undefined) {
    metrics.watch({
      name: "holdfast_audit_writable",
      help: "1 if the audit trail can be written; changes are refused while it cannot",
      read: async () => Number(await isAudited()),
    });
  }
  metrics.watch({
    name: "holdfast_ready",
    help: "1 if GET /ready answers 200",
    read: async () => Number((await readiness()).ready),
  });
  if (tokens?.lastUses !== undefined) {
    metrics.watchProcess({
      name: "holdfast_token_last_use_timestamp_seconds",
      help: "When each token was last used",
      label: "token",
      read: () => tokens.lastUses?.() ?? {},
    });
  }
  for (const gauge of gauges) metrics.watch(gauge);
  route(routes, "GET /health", {
    id: "getHealth",
    tag: "service",
    summary: "Returns 200 while the program runs",
    scope: "open",
    answers: { 200: { description: "Running", schema: HealthSchema } },
    answer: ({ c }) => c.json({ status: "ok" as const }, 200, FRESH),
  });
  route(routes, "GET /ready", {
    id: "getReadiness",
    tag: "service",
    summary: "Checks the tokens, and at most every two seconds the store and the audit trail",
    scope: "open",
    answers: {
      200: { description: "Ready", schema: ReadinessSchema },
      503: { description: "Not ready", schema: ReadinessSchema },
    },
    answer: async ({ c }) => {
      const state = await readiness();
      return c.json(state, state.ready ? 200 : 503, FRESH);
    },
  });
  route(routes, "GET /metrics", {
    id: "getMetrics",
    tag: "service",
    summary: "Returns metrics in the Prometheus text format",
    scope: "metrics",
    answers: {
      200: {
        description: "Requests, durations, bytes, faults",
        content: { "text/plain": { schema: { type: "string" } } },
      },
    },
    answer: async () => {
      const text = await metrics.text(await allCounts?.());
      return new Answer(text, { headers: { ...FRESH, "content-type": PROMETHEUS_TYPE } });
    },
  });
}
