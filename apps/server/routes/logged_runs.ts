// Runs that programs log to. Their points are parts of a draft: PUT them with its routes.
import {
  finishRun,
  type LoggedRun,
  openRun,
  readLoggedRun,
  readLoggedRuns,
} from "../../../registry/mod.ts";
import { answerListing, listing, type PageQuery } from "../listing.ts";
import { route } from "../describe.ts";
import type { Routes, ServerContext } from "../routing.ts";
import { CommittedDrafts } from "../saving/committed_drafts.ts";
import { aliasesOf, checkNamed, ofCondition, optionsOf } from "../saving/save_sent.ts";
import * as schemas from "../schemas/logged_runs.ts";
import { CommitDraftSchema } from "../schemas/saving.ts";
import { REPEATED, savedAnswer } from "./saves.ts";

const FRESH = { "cache-control": "no-store" };

export function loggedRunsRoutes(routes: Routes, { registry }: ServerContext): void {
  const finished = new CommittedDrafts();

  route(routes, "GET /logged-runs", {
    id: "listLoggedRuns",
    tag: "drafts",
    summary: "Lists the runs that are not finished, of all readable names",
    scope: "read",
    answers: listing(schemas.LoggedRunsPage, "A page of runs"),
    query: schemas.LoggedRunsQuery,
    answer: ({ c, query: { name, ...page }, access, signal }) => {
      const names = (each: string) => access.may("read", each);
      const list = (page: PageQuery) =>
        runsAfter(readLoggedRuns(registry, { name, names, signal }), page);
      return answerListing(c, page, { list, keyOf });
    },
  });

  route(routes, "GET /artifacts/:name/runs/:id", {
    id: "readLoggedRun",
    tag: "drafts",
    summary: "Returns a run and a page of its points, also while it goes on",
    scope: "read",
    answers: { 200: { description: "The run", schema: schemas.LoggedRunSchema } },
    query: schemas.LoggedRunQuery,
    answer: async ({ c, params: { name, id }, query: { after }, signal }) =>
      c.json(await readLoggedRun(registry, name, { id, after, signal }), 200, FRESH),
  });

  route(routes, "POST /artifacts/:name/runs/:id", {
    id: "beginRun",
    tag: "drafts",
    summary: "Begins a run, or adds a writer to one",
    description: "Then PUT the points as parts of the draft `run:` and the id of the run.",
    scope: "save",
    answers: { 200: { description: "The new writer", schema: schemas.RunWriterSchema } },
    json: schemas.BeginRunSchema,
    answer: async ({ c, params: { name, id }, json, signal }) =>
      c.json((await openRun(registry, name, { id, ...json, signal })).writer),
  });

  route(routes, "POST /artifacts/:name/runs/:id/finish", {
    id: "finishRun",
    tag: "drafts",
    summary: "Saves a run as one version; a repeat returns the same version",
    description: "`parts` are those of the draft with the files of the value.",
    scope: "save",
    answers: REPEATED,
    json: CommitDraftSchema,
    answer: async ({ c, params: { name, id }, json, access, signal }) => {
      c.info.aliases = aliasesOf(json.alias);
      checkNamed(json, { name, access });
      const { materializer, ...options } = optionsOf(json);
      const finish = () => finishRun(registry, name, { id, ...options, as: materializer, signal });
      const saved = await ofCondition(options.ifCommit, finish);
      if (!saved.skipped) finished.add(name, id, access.token);
      return await savedAnswer(c, saved, () => finished.isBy(name, id, access.token));
    },
  });
}

function keyOf({ name, id }: LoggedRun): string {
  return `${name}@${id}`; // no name contains @
}

/** Yields what follows a run. */
async function* runsAfter(
  runs: AsyncIterable<LoggedRun>,
  { after, limit = Infinity }: PageQuery,
): AsyncGenerator<LoggedRun> {
  let isAfter = after === undefined, count = 0;
  for await (const run of runs) {
    if (isAfter && count++ >= limit) return;
    if (isAfter) yield run;
    isAfter ||= keyOf(run) === after;
  }
}
