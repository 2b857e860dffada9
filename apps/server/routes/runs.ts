// `GET /runs` and `GET /runs/{run}`
import { type KnownRun, knownRun, knownSteps } from "../../pipelines/known_of_runs.ts";
import type { ServerContext } from "../context.ts";
import { route } from "../describe.ts";
import { answerListing, listing } from "../listing.ts";
import type { Routes } from "../routing.ts";
import { RunDetailsSchema, RunsPage, RunsQuery } from "../schemas/runs.ts";

export function runsRoutes(routes: Routes, { registry }: ServerContext): void {
  route(routes, "GET /runs", {
    id: "listRuns",
    tag: "runs",
    summary: "Lists runs of pipelines, the newest first",
    scope: "read",
    answers: listing(RunsPage, "A page of runs, or all of them as lines"),
    query: RunsQuery,
    answer: ({ c, query, access }) => {
      const { pipeline, ...page } = query;
      async function* list(asked: { after?: string; limit?: number }): AsyncGenerator<KnownRun> {
        const { listRuns } = await import("../../../operators/runner/mod.ts");
        const { limit, ...from } = asked;
        const all = await listRuns(registry, {
          pipeline,
          ...from,
          limit: access.admin ? limit : undefined,
        });
        let left = limit ?? Infinity;
        for (const listed of all) {
          if (!access.may("read", await recordsOf(listed.run))) continue;
          if (left-- <= 0) return;
          yield knownRun(listed);
        }
      }
      return answerListing(c, page, { list, keyOf: ({ run }) => run });
    },
  });
  route(routes, "GET /runs/:run", {
    id: "getRun",
    tag: "runs",
    summary: "Says what became of each step of a run",
    scope: "read",
    answers: { 200: { description: "The run", schema: RunDetailsSchema } },
    answer: async ({ c, params: { run }, access }) => {
      access.check("read", await recordsOf(run));
      const { readResult } = await import("../../../operators/runner/mod.ts");
      const result = await readResult(registry, run);
      const steps = await Array.fromAsync(
        knownSteps(registry, { run, result }),
        ({ run: _run, ...step }) => step,
      );
      const { end = "unknown", startedAt, durationMs } = result ?? {};
      return c.json({ run, end, startedAt, durationMs, steps }, 200, {
        "cache-control": "no-cache",
      });
    },
  });
}

async function recordsOf(run: string): Promise<string> {
  const { parseRunId, recordNames } = await import("../../../operators/runner/mod.ts");
  return recordNames(parseRunId(run).pipeline).run;
}
