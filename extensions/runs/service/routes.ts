// Runs that programs log to. Their points are parts of a draft.
import { Answer, route } from "../../../apps/gateways.ts";
import type { GatewayContext, Routes } from "../../../apps/gateways.ts";
import {
  aliasesOf,
  answerListing,
  checkNamed,
  listing,
  ofCondition,
  REPEATED,
  savedAnswer,
  schema,
  sentBy,
  unreadState,
} from "../../../apps/server/extending.ts";
import { mapAtOnce } from "../../../core/kernel.ts";
import { discardRun, finishRun, type LoggedRun, openRun } from "../mod.ts";
import { readLoggedRun, readLoggedRuns, updateRun } from "../mod.ts";
import { ConsoleTails } from "../wandb/console_tails.ts";
import { checkOwn } from "./own_runs.ts";
import { RunValues } from "./run_values.ts";
import * as runs from "./schemas.ts";

const FRESH = { "cache-control": "no-store" };

/** Runs whose points are read at once, beside 16 parts of each. */
const RUNS_AT_ONCE = 4;

export function loggedRunsRoutes(routes: Routes, { registry }: GatewayContext): void {
  const values = new RunValues(registry);
  route(routes, "GET /logged-runs", {
    id: "listLoggedRuns",
    tag: "drafts",
    summary: "Lists the runs that are not finished, of all readable names",
    scope: "read",
    readsMany: true,
    answers: listing(runs.LoggedRunsPage, "A page of runs"),
    query: runs.LoggedRunsQuery,
    answer: ({ c, query: { name, metrics = false, ...page }, access, signal }) => {
      const names = (each: string) => access.may("read", each);
      const list = (page: { after?: string; limit?: number }) => {
        const runs = runsAfter(readLoggedRuns(registry, { name, names, signal }), page);
        const withMetrics = async (run: LoggedRun) => ({
          ...run,
          metrics: await values.metricsOf(run),
        });
        return metrics ? mapAtOnce(runs, withMetrics, { concurrency: RUNS_AT_ONCE }) : runs;
      };
      return answerListing<LoggedRun>(c, page, { list, keyOf });
    },
  });

  route(routes, "GET /artifacts/:name/runs/:run", {
    id: "readLoggedRun",
    tag: "drafts",
    summary: "Returns a run and a page of its points, also while it goes on",
    scope: "read",
    readsMany: true,
    answers: { 200: { description: "The run", schema: runs.LoggedRunSchema } },
    query: runs.LoggedRunQuery,
    answer: async ({ c, params: { name, run: id }, query: { after, lines }, signal }) =>
      c.json(await readLoggedRun(registry, name, { id, after, lines, signal }), 200, FRESH),
  });

  const consoles = new ConsoleTails(registry);
  route(routes, "GET /artifacts/:name/runs/:run/console", {
    id: "readConsole",
    tag: "drafts",
    summary: "Returns the last lines of the console of a run, also while it goes on",
    scope: "read",
    readsMany: true,
    answers: { 200: { description: "The lines", schema: runs.ConsoleSchema } },
    query: runs.ConsoleQuery,
    answer: async ({ c, params: { name, run: id }, query: { after }, signal }) =>
      c.json(await consoles.tailOf({ name, id }, { after, signal }), 200, FRESH),
  });
}

export function changedRunsRoutes(
  routes: Routes,
  { registry, memory: { drafts } }: GatewayContext,
): void {
  route(routes, "POST /artifacts/:name/runs/:run", {
    id: "beginRun",
    tag: "drafts",
    summary: "Begins a run, or adds a writer to one",
    description:
      "Then PUT the points as parts of the draft `run:` and the id of the run. A run that another " +
      "token began needs `read`.",
    scope: "save",
    answers: { 200: { description: "The new writer", schema: runs.RunWriterSchema } },
    json: runs.BeginRunSchema,
    answer: async ({ c, params: { name, run: id }, json, access, signal }) => {
      await checkOwn(registry, { name, id }, "read", { access, signal });
      const { token, author } = access;
      const begin = () => openRun(registry, name, { id, ...json, signal });
      // A token whose check names no author still owns its runs.
      const isNamed = token === undefined || author !== undefined;
      const run = await (isNamed ? begin() : sentBy({ name: token, token }, begin));
      return c.json(run.writer);
    },
  });

  route(routes, "PATCH /artifacts/:name/runs/:run", {
    id: "updateRun",
    tag: "drafts",
    summary: "Adds parameters and tags to a run that is not finished",
    description: "A run that another token began needs `read`.",
    scope: "save",
    answers: { 204: { description: "The run has them" } },
    json: runs.UpdateRunSchema,
    answer: async ({ params: { name, run: id }, json, access, signal }) => {
      await checkOwn(registry, { name, id }, "read", { access, signal });
      await updateRun(registry, name, { id, ...json, signal });
      return new Answer(null, { status: 204 });
    },
  });

  route(routes, "DELETE /artifacts/:name/runs/:run", {
    id: "discardRun",
    tag: "drafts",
    summary: "Discards a run that is not finished",
    description: "A run that another token began needs `delete`.",
    scope: "save",
    answers: {
      200: { description: "`discarded` is false without a run", schema: schema.Discarded },
    },
    answer: async ({ c, params: { name, run: id }, access, signal }) => {
      await checkOwn(registry, { name, id }, "delete", { access, signal });
      return c.json({ discarded: await discardRun(registry, name, { id, signal }) });
    },
  });

  route(routes, "POST /artifacts/:name/runs/:run/finish", {
    id: "finishRun",
    tag: "drafts",
    summary: "Saves a run as one version; a repeat returns the same version",
    description:
      "`parts` are those of the draft with the files of the value. A run that another token began " +
      "needs `read`.",
    scope: "save",
    answers: REPEATED,
    json: runs.FinishRunSchema,
    answer: async ({ c, params: { name, run: id }, json, access, signal }) => {
      c.info.aliases = aliasesOf(json.alias);
      checkNamed(json, { name, access });
      await checkOwn(registry, { name, id }, "read", { access, signal });
      const { materializer, ...options } = json;
      const finish = () => finishRun(registry, name, { id, ...options, as: materializer, signal });
      const saved = await ofCondition(options.ifCommit, finish, unreadState(access, name));
      const finished = { kind: "run", name, id, token: access.token } as const;
      if (!saved.skipped) await drafts.add(finished);
      return await savedAnswer(c, saved, () => drafts.isBy(finished));
    },
  });
}

function keyOf({ name, id }: LoggedRun): string {
  return `${name}@${id}`; // no name contains @
}

/** Yields what follows a run. */
async function* runsAfter(
  all: AsyncIterable<LoggedRun>,
  { after, limit = Infinity }: { after?: string; limit?: number },
): AsyncGenerator<LoggedRun> {
  let isAfter = after === undefined, count = 0;
  for await (const run of all) {
    if (isAfter && count++ >= limit) return;
    if (isAfter) yield run;
    isAfter ||= keyOf(run) === after;
  }
}
