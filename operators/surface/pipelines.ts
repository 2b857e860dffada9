/**
 * The runs of pipelines on the service: `createHandler(registry, { gateways: [pipelines] })`.
 *
 * @module
 */
import { RefusedRequest, route } from "../../apps/gateways.ts";
import { answerListing, listing, readableNames } from "../../apps/server/extending.ts";
import type { Gateway, GatewayContext, Routes } from "../../apps/gateways.ts";
import { conflict, isRegistryError, nameSegment, notFound } from "../../core/kernel.ts";
import { pipelineReasons } from "../contract/reasons.ts";
import { type KnownRun, knownRun, knownSteps } from "./known_runs.ts";
import * as schemas from "./schemas.ts";

const loadRuns = () => import("../runner/records/run_record.ts");

/** Hints by reason, for clients of the HTTP API. */
const HINTS = pipelineReasons.hints({
  run_missing: "List the runs: GET /runs",
  run_step_missing: ({ run }) => `List its steps: GET /runs/${nameSegment(run)}`,
  run_ended: ({ run }) => `See its result: GET /runs/${nameSegment(run)}`,
});

/** Routes that list, show and cancel runs of pipelines. */
export const pipelines: Gateway = {
  name: "pipelines",
  hints: HINTS,
  subjectOf: ({ run }) => ({ run }),
  addRoutes(routes, context) {
    runsRoutes(routes, context);
    runStepsRoutes(routes, context);
  },
};

function runsRoutes(routes: Routes, { registry }: GatewayContext): void {
  route(routes, "GET /runs", {
    id: "listRuns",
    tag: "runs",
    summary: "Lists runs of pipelines, newest first",
    scope: "read",
    readsMany: true,
    answers: listing(schemas.RunsPage, "A page of runs, or all of them as lines"),
    query: schemas.RunsQuery,
    answer: ({ c, query: { pipeline, ...page }, access }) => {
      async function* list(asked: { after?: string; limit?: number }): AsyncGenerator<KnownRun> {
        const { listRuns } = await loadRuns();
        const { recordNames } = await import("../runner/records/names.ts");
        if (pipeline !== undefined && !access.may("read", recordNames(pipeline).run)) return;
        const names = readableNames(registry, access);
        for (const run of await listRuns(registry, { pipeline, names, ...asked })) {
          yield knownRun(run);
        }
      }
      return answerListing(c, page, { list, keyOf: ({ run }) => run });
    },
  });
  route(routes, "GET /runs/:run", {
    id: "getRun",
    tag: "runs",
    summary: "Returns a run and its steps",
    scope: "read",
    readsMany: true,
    answers: { 200: { description: "The run", schema: schemas.RunDetailsSchema } },
    answer: async ({ c, params: { run }, access }) => {
      access.check("read", await recordsOf(run));
      const { readResult } = await loadRuns();
      const result = await asRecord(readResult(registry, run));
      const steps = await asRecord(Array.fromAsync(
        knownSteps(registry, { run, result }),
        ({ run: _run, ...step }) => step,
      ));
      const { end = "unknown", startedAt, durationMs } = result ?? {};
      const body = { run, end, startedAt, durationMs, steps };
      return c.json(body, 200, { "cache-control": "no-cache" });
    },
  });
}

function runStepsRoutes(routes: Routes, { registry }: GatewayContext): void {
  route(routes, "GET /runs/:run/steps/:step/attempts", {
    id: "listAttempts",
    tag: "runs",
    summary: "Lists the ended attempts of a step, with their records and logs",
    description:
      "The log is a file of the record, `GET /artifacts/{name}/versions/{version}/files/log.txt`. " +
      "A skipped step has the attempt whose outputs it uses.",
    scope: "read",
    readsMany: true,
    answers: { 200: { description: "The attempts, oldest first", schema: schemas.AttemptsSchema } },
    answer: async ({ c, params: { run, step }, access }) => {
      access.check("read", await recordsOf(run));
      const { readRun } = await loadRuns();
      const { attemptsOf } = await import("../runner/records/failures.ts");
      const { steps } = await asRecord(readRun(registry, run));
      if (!steps.some((planned) => planned.step === step)) {
        throw notFound("find step", JSON.stringify(step.slice(0, 200)), `${run} has no such step`, {
          hint: `List its steps: (await readRun(registry, ${JSON.stringify(run)})).steps.`,
          reason: pipelineReasons.of("run_step_missing", { run }),
        });
      }
      const attempts = await asRecord(attemptsOf(registry, { run, step }));
      const items = attempts.map(({ ref, hasLog, outcome }) => {
        const { end, durationMs, reason, hint, exitCode, exit } = outcome;
        const log = hasLog ? "log.txt" : undefined;
        return { ref, end, durationMs, reason, hint, exitCode, exit, log };
      });
      return c.json({ items }, 200, { "cache-control": "no-cache" });
    },
  });
  route(routes, "DELETE /runs/:run", {
    id: "cancelRun",
    tag: "runs",
    summary: "Requests a run to stop, on any machine",
    description: "The run polls for the request every few seconds. Finished steps stay finished.",
    scope: "save",
    answers: { 200: { description: "The request is stored", schema: schemas.CancelledRunSchema } },
    answer: async ({ c, params: { run }, access }) => {
      access.check("save", await recordsOf(run));
      const { cancelRun, readResult, readRun } = await loadRuns();
      await asRecord(readRun(registry, run));
      const result = await asRecord(readResult(registry, run));
      if (result === undefined) return c.json({ run, asked: await cancelRun(registry, run) });
      throw conflict(`cancel run ${run}`, undefined, `it has ended (${result.end})`, {
        hint: `See its result: readResult(registry, ${JSON.stringify(run)}).`,
        reason: pipelineReasons.of("run_ended", { run }),
      });
    },
  });
}

/**
 * Reads records. One with invalid content is refused, and not a fault of the service: anyone who may
 * write to the registry can have stored it.
 */
async function asRecord<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!isRegistryError(error, "Corrupt") || error.action !== "read the record") throw error;
    const { code, action, subject, state = "", hint = "" } = error;
    throw new RefusedRequest({ status: 422, code, action, subject, state, hint, cause: error });
  }
}

async function recordsOf(run: string): Promise<string> {
  const { parseRunId, recordNames } = await import("../runner/records/names.ts");
  return recordNames(parseRunId(run).pipeline).run;
}
