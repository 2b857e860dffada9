// `GET /artifacts/{name}/log`
import { type LogEntry, logOf, type Registry } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import type { ServerContext } from "../context.ts";
import { route } from "../describe.ts";
import { answerListing, listing, type PageQuery } from "../listing.ts";
import type { Routes } from "../routing.ts";
import { LogPage, LogQuery } from "../schemas/reading.ts";

export function logRoutes(routes: Routes, { registry }: ServerContext): void {
  route(routes, "GET /artifacts/:name/log", {
    id: "getLog",
    tag: "artifacts",
    summary: "Tells what happened to a name: versions, aliases, deletions, the newest first",
    scope: "read",
    answers: listing(LogPage, "A page of what happened, or all of it as lines"),
    query: LogQuery,
    answer: ({ c, params: { name }, query }) =>
      answerListing(c, query, {
        list: (page) => entriesAfter(registry, name, page),
        keyOf,
      }),
  });
}

async function* entriesAfter(
  registry: Registry,
  name: string,
  { after, limit = Infinity }: PageQuery,
): AsyncGenerator<LogEntry> {
  const entries = await logOf(
    registry,
    name,
    after === undefined && limit < Infinity ? { limit } : {},
  );
  const begin = after === undefined ? 0 : entries.findIndex((entry) => keyOf(entry) === after) + 1;
  if (after !== undefined && begin === 0) {
    throw fault({
      code: "Invalid",
      action: "go on after",
      subject: JSON.stringify(after.slice(0, 100)),
      state: "the log has no such entry",
      hint: "Give the `next` of the page before, or begin anew.",
    });
  }
  yield* entries.slice(begin, begin + limit);
}

/** An alias may be set to the same version twice in one millisecond: then their commits tell them apart. */
function keyOf({ at, event, version = "", alias = "", commit = "" }: LogEntry): string {
  return [at.toISOString(), event, version, alias, commit].join(" ");
}
