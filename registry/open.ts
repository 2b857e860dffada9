// Opening a registry over any backend.
import type { Backend } from "../core/backend.ts";
import { claimedAuthor } from "../core/naming/author.ts";
import { without } from "../core/options/check_options.ts";
import type { Materializers } from "../core/materializer.ts";
import { worded } from "../core/calls/verb_errors.ts";
import { wrapVerbs } from "./contract/wrap_verbs.ts";
import { invalid, type RegistryError } from "../core/errors.ts";
import type { CacheOptions, Logger, OpenOptions, StoredRegistry } from "../core/registry.ts";
import { realSystem, silentLogger } from "../core/system.ts";
import { checkMaxBytes, RegistryCache } from "./cache/cache.ts";
import { checkPublisher, createAnnouncer } from "./cell/announcer.ts";
import { guardBackend } from "./cell/presence.ts";
import { type Context, rememberContext } from "./operations/context.ts";
import { readOrRecall } from "./cache/cached_records.ts";
import { createPayloadExecutor } from "./cache/payload_jobs.ts";
import { PAGE_LIMITS } from "./format/file_pages.ts";
import { checkMaxLoadBytes } from "../core/calls/load_limit.ts";
import { derivedMethods } from "./contract/derived.ts";
import { shown } from "../core/naming/names.ts";
import { createLimit } from "../core/work/at_once.ts";
import { gracesOf, openSettings } from "./settings.ts";
import { aliasMethods } from "./operations/methods/aliases.ts";
import { changingMethods } from "./operations/methods/changing.ts";
import { listingMethods } from "./operations/methods/listing.ts";
import { readingMethods } from "./operations/methods/reading.ts";
import { createSuggest } from "./operations/look/suggesting.ts";

export { checkGraces, readLocking } from "./settings.ts";

export interface OpenOnBackendOptions extends Omit<OpenOptions, "cache"> {
  /** The store of the cache, which stays open, or why there is none. @default no cache */
  cache?: Pick<CacheOptions, "maxBytes"> & { backend: Backend } | {
    problem: string;
    warn: boolean;
  };
  /** Opens a store for notes of saves, when one is needed. @default the cache */
  notes?: () => Backend | undefined;
  materializers: Materializers;
}

const DEFAULT_RETRY_FOR_MS = 120_000;

/** Ignores errors of a logger, so that they cannot fail a commit. */
function guarded(logger: Logger): Logger {
  const guard = (level: keyof Logger) => (...parts: unknown[]) => {
    try {
      logger[level](...parts);
    } catch {
      // nothing is left to report it to
    }
  };
  return { debug: guard("debug"), info: guard("info"), warn: guard("warn"), error: guard("error") };
}

export async function openOnBackend(
  backend: Backend,
  options: OpenOnBackendOptions,
): Promise<StoredRegistry> {
  const { system = realSystem, events } = options;
  checkPublisher(events);
  const opening = {
    backend,
    system,
    logger: options.logger === undefined ? silentLogger : guarded(options.logger),
    materializers: options.materializers,
    verify: options.verify ?? "integrity",
    maxLoadBytes: checkMaxLoadBytes(options.maxLoadBytes),
    readOnly: options.readOnly ?? false,
    retryForMs: options.retryForMs ?? DEFAULT_RETRY_FOR_MS,
    settings: gracesOf(options),
    voids: new Set<string>(),
    oneOfFewLists: createLimit(2),
    author: claimedAuthor(options.by ?? (system.env("HOLDFAST_BY") || undefined)),
  };
  const place = chooseCache(opening, options);
  const read = () => openSettings(opening, { ...options, cache: undefined });
  const { logger } = opening;
  const stored = await worded(
    { verb: "open the registry" },
    place && opening.readOnly
      ? () => readOrRecall({ ...place, system, logger, location: backend.location }, read)
      : read,
  );
  const identity = without(stored, "settings", "rules", "share");
  const location = { ...identity, location: backend.location };
  const openCache = (place: ReturnType<typeof chooseCache>) =>
    place && new RegistryCache({ ...place, registry: location, system, logger });
  const cache = openCache(place);
  const openNotes = () => {
    const store = cache === undefined ? options.notes?.() : undefined;
    return store ? openCache({ backend: store, maxBytes: checkMaxBytes(undefined) }) : cache;
  };
  const guardedBackend = guardBackend({ ...opening, ...stored });
  const executor = createPayloadExecutor({ backend: guardedBackend, cache });
  const { id } = stored;
  const announcer = events &&
    createAnnouncer(events, { registry: id, logger: opening.logger, system });
  const context: Context = Object.assign(opening, stored, {
    rulesReadAtMs: system.monotonic(),
    backend: guardedBackend,
    cache,
    openNotes,
    farAliases: new Set<string>(),
    draftViews: new Map(),
    executor,
    threads: checkThreads(options.threads, guardedBackend),
    pageLimits: PAGE_LIMITS,
    announcer,
  });
  const registry = createRegistry(context);
  rememberContext(registry, context);
  return registry;
}

/** Each thread takes about 25 MiB, and stores are not faster with more. */
const MOST_THREADS = 8;
/** Threads of Deno read a bucket in two thirds of the processor time, so that one core has them, too. */
const LEAST_THREADS_OF_BUCKET = 2;

/** Returns the number of threads to use. Throws `Invalid` unless it is a positive integer. */
function checkThreads(threads: number | undefined, { kind }: Pick<Backend, "kind">): number {
  if (threads === undefined) {
    const processors = globalThis.navigator?.hardwareConcurrency ?? 1;
    const least = "Deno" in globalThis && kind !== "local" ? LEAST_THREADS_OF_BUCKET : 1;
    return Math.min(Math.max(processors, least), MOST_THREADS);
  }
  if (Number.isSafeInteger(threads) && threads > 0) return threads;
  throw invalid(
    "open the registry with",
    "threads",
    `${shown(threads)} is not a positive integer`,
    {
      hint: "Pass the number of threads for large files; 1 starts none.",
    },
  );
}

/** Returns the cache options; undefined if there is no cache, which does not prevent opening. */
function chooseCache(
  { backend, logger }: Pick<Context, "backend" | "logger">,
  { cache }: OpenOnBackendOptions,
) {
  if (cache === undefined) return undefined;
  if ("backend" in cache) {
    // The registry's garbage collection would treat its uploads as abandoned.
    if (cache.backend.location === backend.location) throw cacheInItself(backend);
    return { backend: cache.backend, maxBytes: checkMaxBytes(cache.maxBytes) };
  }
  logger[cache.warn ? "warn" : "debug"](`no cache: ${cache.problem}`);
}

function cacheInItself({ location }: Backend): RegistryError {
  return invalid("cache the registry at", location, "its cache has the same location", {
    hint: "Pass another folder or prefix for the cache, or cache: false.",
    backend: location,
  });
}

function createRegistry(context: Context): StoredRegistry {
  const { backend, materializers } = context;
  const suggest = createSuggest(context);
  const registry: StoredRegistry = {
    ...derivedMethods(() => registry), // those that are not below
    location: backend.location,
    id: context.id,
    settings: context.settings,
    backend,
    materializers,
    ...readingMethods(context, suggest),
    ...listingMethods(context),
    ...aliasMethods(context, suggest, () => registry),
    ...changingMethods(context, suggest),
    clearCache: async (options) => await context.cache?.clear(options) ?? { files: 0, bytes: 0 },
    [Symbol.asyncIterator]: () => registry.names()[Symbol.asyncIterator](),
    close: async () => await registry[Symbol.asyncDispose](),
    async [Symbol.asyncDispose]() {
      await context.announcer?.close();
      await context.cache?.close();
      await backend[Symbol.asyncDispose]();
    },
  };
  return wrapVerbs(registry, context);
}
