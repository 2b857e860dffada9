// The log of a name, and of all names.
import { invalid, type RegistryError } from "../../../core/errors.ts";
import { LOG, type LogOptions, REGISTRY_LOG } from "../../../core/registry/log.ts";
import { readLog, readRegistryLog } from "../../../mod.ts";
import type { LogEntry, RegistryLogOptions } from "../../../registry/mod.ts";
import { answerListing, listing, type PageQuery } from "../listing.ts";
import { operationRoute } from "../operation_route.ts";
import type { Routes } from "../gateways/gateway.ts";
import type { ServerContext } from "../routing.ts";
import * as schemas from "../schemas/reading.ts";

const ANSWERS = listing(schemas.LogPage, "A page of changes, or all of them as lines");

export function logRoutes(routes: Routes, { registry }: ServerContext): void {
  const run = (name: string, options: LogOptions) => readLog(registry, name, options);
  operationRoute(routes, LOG, run, {
    answers: ANSWERS,
    answer: ({ c, args: [name], options, page }) => {
      const list: List = ({ until: _, ...limited }) => run(name, { ...options, ...limited });
      return answerListing(c, page, { list: (page) => entriesAfter(list, page, keyOf), keyOf });
    },
  });
}

export function registryLogRoutes(routes: Routes, { registry }: ServerContext): void {
  const run = (options: RegistryLogOptions) => readRegistryLog(registry, options);
  operationRoute(routes, REGISTRY_LOG, run, {
    answers: ANSWERS,
    answer: ({ c, options, page, access }) => {
      const names = (name: string) => access.may("read", name);
      const list: List = (limited) => run({ ...options, names, ...limited });
      return answerListing(c, page, {
        list: (page) => entriesAfter(list, page, fullKeyOf),
        keyOf: fullKeyOf,
      });
    },
  });
}

type List = (options: { until?: Date; limit?: number }) => AsyncIterable<LogEntry>;

/** How many entries are asked for beyond those of a page. */
const MORE = 16;

/** Yields what follows an entry. Its key begins with its time, which `list` may use. */
async function* entriesAfter(
  list: List,
  { after, limit = Infinity }: PageQuery,
  keyOf: (entry: LogEntry) => string,
): AsyncGenerator<LogEntry> {
  const limited = (most: number) => most === Infinity ? {} : { limit: most };
  if (after === undefined) return yield* list(limited(limit));
  const [at = ""] = after.split(" ");
  const until = new Date(at);
  if (Number.isNaN(until.getTime())) throw notInLog(after);
  for (let asked = limit + MORE;; asked *= 4) {
    const entries = await Array.fromAsync(list({ until, ...limited(asked) }));
    const begin = entries.findIndex((entry) => keyOf(entry) === after) + 1;
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

/** The commit distinguishes two changes of an alias to one version in the same millisecond. */
function keyOf({ at, event, version = "", alias = "", commit = "" }: LogEntry): string {
  return [at.toISOString(), event, version, alias, commit].join(" ");
}
