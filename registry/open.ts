// Opening a registry over any backend.
import type { Backend } from "../core/backend.ts";
import { claimedAuthor } from "../core/naming/author.ts";
import { without } from "../core/options/check_options.ts";
import { isDefinedArtifact, namedBy } from "../core/materializer.ts";
import type { DefinedArtifact, Materializers } from "../core/materializer.ts";
import { worded } from "../core/calls/verb_errors.ts";
import { wrapVerbs } from "./contract/wrap_verbs.ts";
import { invalid, isRegistryError, type RegistryError } from "../core/errors.ts";
import type {
  CacheOptions,
  LoadOptions,
  Logger,
  OpenOptions,
  RefOptions,
  Registry,
  SignalOptions,
  StoredRegistry,
} from "../core/registry.ts";
import { realSystem, silentLogger } from "../core/system.ts";
import { aliasHistory, deleteAlias, listAliases, setAlias } from "./operations/aliases.ts";
import { checkMaxBytes, RegistryCache } from "./cache/cache.ts";
import { checkPublisher, createAnnouncer } from "./cell/announcer.ts";
import { guardBackend } from "./cell/presence.ts";
import { type Context, rememberContext } from "./operations/context.ts";
import { copyVersion } from "./operations/copy.ts";
import { deleteRef } from "./operations/delete.ts";
import { readOrRecall } from "./cache/cached_records.ts";
import { createPayloadExecutor } from "./cache/payload_jobs.ts";
import { listVersions } from "./operations/listing.ts";
import { PAGE_LIMITS } from "./format/file_pages.ts";
import { listNames } from "./operations/names.ts";
import {
  artifactInfo,
  downloadVersion,
  loadIfThere,
  loadValue,
  openArtifact,
} from "./operations/load.ts";
import { createSuggesting, refMeant } from "./operations/look/suggesting.ts";
import { checkMaxLoadBytes } from "../core/calls/load_limit.ts";
import { memberMeant } from "./contract/release.ts";
import { derivedMethods } from "./contract/derived.ts";
import { rollBackAlias } from "./contract/roll_back_alias.ts";
import { shown } from "../core/naming/names.ts";
import { parseRef, type Ref } from "../core/naming/refs.ts";
import { memberOf } from "../core/registry/release.ts";
import { asAbsent, isAbsent, locate, tryLocate } from "./operations/resolve.ts";
import { saveValue } from "./operations/save.ts";
import { createLimit } from "../core/work/at_once.ts";
import { gracesOf, openSettings } from "./settings.ts";
import { watchLatest } from "./contract/watch.ts";

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

/** Parses a ref, with `asOf` the version that it meant then. Reads through releases. */
async function refThrough(
  context: Context,
  reader: () => Pick<Registry, "open" | "info">,
  text: string,
  options: RefOptions = {},
): Promise<Ref> {
  if (memberOf(text) === undefined) return await refMeant(context, text, options);
  try {
    return parseRef(await memberMeant(reader(), text, options));
  } catch (error) {
    throw isRegistryError(error, "NotFound") ? asAbsent(error) : error;
  }
}

/** Parses a ref, or the release of a ref that names its member. */
function releaseOrRef(ref: string, { version }: RefOptions): Ref {
  return parseRef(memberOf(ref)?.release ?? ref, version);
}

/** The operations that read one version by a ref, which may name a member of a release. */
function readersOf(context: Context) {
  const refFor = (text: string, options?: RefOptions) =>
    refThrough(context, () => ({ open, info }), text, options);
  async function load(
    artifact: string | DefinedArtifact<unknown>,
    options: LoadOptions = {},
  ): Promise<unknown> {
    const [ref, loading] = namedBy(artifact, options);
    return await loadValue(context, await refFor(ref, options), loading);
  }
  async function has(ref: string, options: RefOptions = {}): Promise<boolean> {
    const { asOf, signal } = options;
    try {
      return await tryLocate(context, await refFor(ref, options), signal) !== undefined;
    } catch (error) {
      // a missing alias
      if (isAbsent(error) || asOf !== undefined && isRegistryError(error, "NotFound")) return false;
      throw error;
    }
  }
  async function get(ref: string, options: SignalOptions = {}): Promise<unknown> {
    try {
      return (await loadIfThere(context, await refFor(ref), options))?.value;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }
  const info: Registry["info"] = async (ref, options = {}) => {
    const located = await locate(context, await refFor(ref, options), options.signal);
    return await artifactInfo(context, located, options);
  };
  const open: Registry["open"] = async (ref, options = {}) =>
    await openArtifact(context, await refFor(ref, options), options);
  const download: Registry["download"] = async (ref, options) =>
    await downloadVersion(context, await refFor(ref, options), options);
  return { load, has, get, info, open, download };
}

function createRegistry(context: Context): StoredRegistry {
  const { backend, materializers } = context;
  const { load, has, get, info, open, download } = readersOf(context);
  const names: Registry["names"] = (options) => listNames(context, options);
  const suggesting = createSuggesting(context);
  const suggest = <T>(call: Promise<T>, ref: string, options: RefOptions = {}) =>
    call.catch(suggesting(() => releaseOrRef(ref, options), options.signal));

  const registry: StoredRegistry = {
    ...derivedMethods(() => registry), // those that are not below
    location: backend.location,
    id: context.id,
    settings: context.settings,
    backend,
    materializers,
    save: (artifact, value, options) =>
      saveValue(context, artifact, value, options).catch(suggesting(undefined, options?.signal)),
    load: ((ref: string | DefinedArtifact<unknown>, options?: LoadOptions) => {
      const text = isDefinedArtifact(ref) ? ref.name : ref;
      return suggest(load(ref, options), text, options);
    }) as Registry["load"],
    get,
    open: (ref, options) => suggest(open(ref, options), ref, options),
    download: (ref, options) => suggest(download(ref, options), ref, options),
    info: (ref, options) => suggest(info(ref, options), ref, options),
    has,
    delete: (ref, options) => deleteRef(context, ref, options),
    async undelete(ref, options) {
      const { undeleteRef } = await import("./operations/undelete/undelete.ts"); // rarely used
      return await undeleteRef(context, ref, options);
    },
    names,
    versions: (name, options) => listVersions(context, name, options),
    setAlias: (name, alias, version, options) =>
      suggest(setAlias(context, { name, alias, version }, options), name, { ...options, version }),
    deleteAlias: (name, alias, options) => deleteAlias(context, { name, alias }, options),
    rollbackAlias: (name, alias, options) =>
      rollBackAlias(
        registry,
        { name, alias },
        options,
        (version, { generation }, how) =>
          setAlias(context, { name, alias, version }, { ...how, above: generation }),
      ),
    aliases: (name, options) => listAliases(context, name, options),
    history: (name, alias, options) => aliasHistory(context, { name, alias }, options),
    copy: (ref, to, options) =>
      suggest(copyVersion(context, ref, to, options), ref, { signal: options?.signal }),
    async openDraft(name, options) {
      const { openDraft } = await import("./operations/drafts/open_draft.ts"); // rarely used
      return openDraft(context, name, options);
    },
    watch: (name, options = {}) =>
      watchLatest(name, options, {
        system: context.system,
        latest: async (signal) => (await tryLocate(context, parseRef(name), signal))?.record,
      }),
    clearCache: async (options) => await context.cache?.clear(options) ?? { files: 0, bytes: 0 },
    [Symbol.asyncIterator]: () => names()[Symbol.asyncIterator](),
    close: async () => await registry[Symbol.asyncDispose](),
    async [Symbol.asyncDispose]() {
      await context.announcer?.close();
      await context.cache?.close();
      await backend[Symbol.asyncDispose]();
    },
  };
  return wrapVerbs(registry, context);
}
