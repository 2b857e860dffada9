// `GET /artifacts/{name}/log`
import { type LogEntry, logOf, type Registry } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import type { ServerContext } from "../context.ts";
import { describe, query } from "../describe.ts";
import { answerListing, listing, type PageQuery } from "../listing.ts";
import { createRoutes, type Routes } from "../routing.ts";
import { LogPage, LogQuery } from "../schemas/reading.ts";

export function logRoutes({ registry }: ServerContext): Routes {
  return createRoutes().get(
    "/artifacts/:name/log",
    describe({
      id: "getLog",
      tag: "artifacts",
      summary: "Tells what happened to a name: versions, aliases, deletions, the newest first",
      scope: "read",
      answers: listing(LogPage, "A page of what happened, or all of it as lines"),
    }),
    query(LogQuery),
    (c) =>
      answerListing(c, c.req.valid("query"), {
        list: (page) => entriesAfter(registry, c.req.param("name"), page),
        keyOf,
      }),
  ) as unknown as Routes;
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
