// The log of a name, and of all names.
import { invalid, type RegistryError } from "../../../core/errors.ts";
import { LOG, type LogOptions, REGISTRY_LOG } from "../../../core/registry/log.ts";
import { readLog, readRegistryLog } from "../../../mod.ts";
import type { LogEntry, RegistryLogOptions } from "../../../registry/mod.ts";
import { answerListing, listing, type PageQuery } from "../listing.ts";
import { operationRoute } from "../operation_route.ts";
import type { Routes, ServerContext } from "../routing.ts";
import * as schemas from "../schemas/reading.ts";

const ANSWERS = listing(schemas.LogPage, "A page of changes, or all of them as lines");

export function logRoutes(routes: Routes, { registry }: ServerContext): void {
  const run = (name: string, options: LogOptions) => readLog(registry, name, options);
  operationRoute(routes, LOG, run, {
    answers: ANSWERS,
    answer: ({ c, args: [name], options, page }) => {
      const list = (limited: LogOptions) => run(name, { ...options, ...limited });
      return answerListing(c, page, { list: (page) => entriesAfter(list, page), keyOf });
    },
  });
}

export function registryLogRoutes(routes: Routes, { registry }: ServerContext): void {
  const run = (options: RegistryLogOptions) => readRegistryLog(registry, options);
  operationRoute(routes, REGISTRY_LOG, run, {
    answers: ANSWERS,
    answer: ({ c, options, page, access }) => {
      const names = (name: string) => access.may("read", name);
      const list = (limited: RegistryLogOptions) => run({ ...options, names, ...limited });
      return answerListing(c, page, { list: (page) => changesAfter(list, page), keyOf: fullKeyOf });
    },
  });
}

/** How many entries are asked for beyond those of a page: others of the same time. */
const MORE = 16;

/** Yields what follows an entry. Its key begins with its time, the newest that is asked for. */
async function* changesAfter(
  list: (options: RegistryLogOptions) => AsyncIterable<LogEntry>,
  { after, limit = Infinity }: PageQuery,
): AsyncGenerator<LogEntry> {
  if (after === undefined) return yield* list({ limit });
  const [at = ""] = after.split(" ");
  const until = new Date(at);
  if (Number.isNaN(until.getTime())) throw notInLog(after);
  for (let asked = limit + MORE;; asked *= 4) {
    const entries = await Array.fromAsync(list({ until, limit: asked }));
    const begin = entries.findIndex((entry) => fullKeyOf(entry) === after) + 1;
    const isAll = entries.length < asked;
    const isOlder = (entries.at(-1)?.at ?? 0) < until;
    if (begin === 0 && (isAll || isOlder)) throw notInLog(after);
    if (begin > 0 && (isAll || entries.length - begin >= limit)) {
      return yield* entries.slice(begin, begin + limit);
    }
  }
}

function fullKeyOf(entry: LogEntry): string {
  return `${keyOf(entry)} ${entry.name}`;
}

function notInLog(after: string): RegistryError {
  return invalid("continue after", JSON.stringify(after.slice(0, 100)), "not in the log", {
    hint: "Pass the `next` of the previous page, or start from the beginning.",
  });
}

async function* entriesAfter(
  list: (options: LogOptions) => AsyncIterable<LogEntry>,
  { after, limit = Infinity }: PageQuery,
): AsyncGenerator<LogEntry> {
  const options = after === undefined && limit < Infinity ? { limit } : {};
  const entries = await Array.fromAsync(list(options));
  const begin = after === undefined ? 0 : entries.findIndex((entry) => keyOf(entry) === after) + 1;
  if (after !== undefined && begin === 0) {
    throw notInLog(after);
  }
  yield* entries.slice(begin, begin + limit);
}

/** The commit distinguishes two changes of an alias to one version in the same millisecond. */
function keyOf({ at, event, version = "", alias = "", commit = "" }: LogEntry): string {
  return [at.toISOString(), event, version, alias, commit].join(" ");
}
