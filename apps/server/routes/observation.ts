// `GET /health`, `GET /ready`, `GET /metrics`
import type { JobQueue } from "../../../queues/mod.ts";
import type { Routes, ServerContext } from "../routing.ts";
import { route } from "../describe.ts";
import { PROMETHEUS_TYPE } from "../observe/metrics.ts";
import { createReadiness } from "../observe/readiness.ts";
import { HealthSchema, ReadinessSchema } from "../schemas/reading.ts";

/** So many jobs of each state are counted: a queue tells which they are, not how many. */
const MOST_COUNTED = 1000;

async function countJobs(jobs: JobQueue, signal: AbortSignal): Promise<Record<string, number>> {
  const states = ["waiting", "delayed", "running", "failed"] as const;
  const counts = states.map(async (state) =>
    [state, (await jobs.list({ state, limit: MOST_COUNTED, signal })).length] as const
  );
  return Object.fromEntries(await Promise.all(counts));
}

const FRESH = { "cache-control": "no-store" };

export function observationRoutes(
  routes: Routes,
  { registry, system, closing, metrics, options: { jobs } }: ServerContext,
): void {
  if (jobs !== undefined) {
    const help = `Jobs of the queue by their state, at most ${MOST_COUNTED} of each`;
    metrics.watch({
      name: "holdfast_jobs",
      help,
      label: "state",
      read: () => countJobs(jobs, closing),
    });
  }
  const readiness = createReadiness(registry, { system, closing });
  route(routes, "GET /health", {
    id: "getHealth",
    tag: "service",
    summary: "Whether the program runs",
    scope: "open",
    answers: { 200: { description: "It does", schema: HealthSchema } },
    answer: ({ c }) => c.json({ status: "ok" as const }, 200, FRESH),
  });
  route(routes, "GET /ready", {
    id: "getReadiness",
    tag: "service",
    summary: "Whether requests can be answered: the store is asked, at most every two seconds",
    scope: "open",
    answers: {
      200: { description: "They can", schema: ReadinessSchema },
      503: { description: "They cannot now", schema: ReadinessSchema },
    },
    answer: async ({ c }) => {
      const found = await readiness();
      return c.json(found, found.ready ? 200 : 503, FRESH);
    },
  });
  route(routes, "GET /metrics", {
    id: "getMetrics",
    tag: "service",
    summary: "What is counted, as Prometheus reads it",
    scope: "metrics",
    answers: {
      200: {
        description: "Requests, durations, bytes, faults",
        content: { "text/plain": { schema: { type: "string" } } },
      },
    },
    answer: async () =>
      new Response(await metrics.text(), {
        headers: { ...FRESH, "content-type": PROMETHEUS_TYPE },
      }),
  });
}
