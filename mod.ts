/**
 * Holdfast stores, versions and serves artifacts: models, datasets, configurations, files of any
 * size. It keeps them on storage that you already have, with no server to run.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * const saved = await registry.save("my:config", { depth: 12 });
 * assertEquals(saved.version, "1.0.0");
 * assertEquals(await registry.load("my:config@^1"), { depth: 12 });
 * ```
 *
 * @module
 */
import { createLocalBackend } from "./backends/local.ts";
import { detectLocking } from "./backends/local/lock.ts";
import { createMemoryBackend } from "./backends/memory.ts";
import type { Backend, Locking } from "./core/backend.ts";
import { isNear } from "./core/driver.ts";
import { isStoreUrl } from "./core/urls/store_url.ts";
import { cacheFolder } from "./disk/cache_folder.ts";
import { denied, invalid } from "./core/errors.ts";
import { checkOptions, type OptionNames } from "./core/options/check_options.ts";
import { checkTarget } from "./core/options/check_target.ts";
import { worded } from "./core/calls/verb_errors.ts";
import { shown } from "./core/naming/names.ts";
import type {
  CacheOptions,
  ClearCacheReport,
  OpenOptions,
  ServiceRegistry,
  StoredRegistry,
} from "./core/registry.ts";
import { VERIFY } from "./core/registry/operations/reading.ts";
import { realSystem } from "./core/system.ts";
import { createMaterializers } from "./materializers/mod.ts";
import type { CacheReport, ClearCacheOptions } from "./registry/cache/entries.ts";
import type { OpenOnBackendOptions } from "./registry/open.ts";

/** Options of {@linkcode openRegistry}. */
export interface OpenRegistryOptions extends OpenOptions {
  /** For a folder: a save returns when synced, or when the system has it. @default "disk" */
  durability?: "disk" | "os";
  /** For a folder: how creates are exclusive. @default "link", or "file" without hard links */
  locking?: Locking;
  /**
   * For a service: its token, or a function called before each request.
   *
   * @default that of `HOLDFAST_TOKEN` or `HOLDFAST_TOKEN_FILE`
   */
  token?: string | (() => string | Promise<string>);
}

const OPTIONS: OptionNames<OpenRegistryOptions> = {
  versioned: true,
  mutable: true,
  graceMs: true,
  leastGraceMs: true,
  create: true,
  readOnly: true,
  by: true,
  retryForMs: true,
  materializers: true,
  verify: { among: VERIFY },
  maxLoadBytes: true,
  threads: true,
  cache: true,
  events: true,
  system: true,
  logger: true,
  signal: true,
  durability: true,
  locking: true,
  token: true,
};
const CACHE: OptionNames<CacheOptions> = { path: true, backend: true, maxBytes: true };

/**
 * Opens the registry at `target`, and creates it if it is missing. Without `target`, opens the one
 * that `HOLDFAST_REGISTRY` names in the environment or in `.env` of the current folder, else the
 * nearest `.holdfast` folder, in the current folder or above, like the command line. If there is
 * none, `create: true` creates it in `./.holdfast`.
 *
 * Imports the driver of a bucket when a URL needs it. A program that is compiled or bundled from
 * source imports it itself: `import "@holdfast/holdfast/backends/s3"`. A registry behind a service
 * has no `backend`.
 *
 * @param target a path, a `file:` URL, `"memory:"`, the URL of a store or of a service, `"@team"`
 * for a name of `holdfast remote`, or a backend
 * @throws {RegistryError} `NotFound` if there is no registry and it may not be created; `Invalid`
 * for options that differ from those it was created with; `Unsupported` if it would be created on a
 * store that fails `probeBackend`
 */
export function openRegistry(
  target: Backend | "memory:",
  options?: OpenRegistryOptions,
): Promise<StoredRegistry>;
/** Opens the registry at `target`, or behind the service at this URL. */
export function openRegistry(
  target?: string | URL | Backend,
  options?: OpenRegistryOptions,
): Promise<StoredRegistry | ServiceRegistry>;
export async function openRegistry(
  target?: string | URL | Backend,
  options: OpenRegistryOptions = {},
): Promise<StoredRegistry | ServiceRegistry> {
  options = checkOptions("open the registry", options, OPTIONS);
  checkTarget(target);
  const { checkGraces } = await import("./registry/open.ts");
  checkGraces(options); // before anything is made on a disk
  if (isBackend(target)) {
    checkOfFolder(options);
    checkOfService(options);
    return await openOn(target, options);
  }
  const text = target === undefined ? undefined : String(target);
  if (text === undefined || isNamed(text)) return await openFound(text, options);
  checkOfService(options);
  return await openOn(await openTarget(text, options), options);
}

/** True for the URL of a store or a service, also without its colon, and for a name: `@team`. */
function isNamed(target: string): boolean {
  return target.startsWith("@") || isStoreUrl(target) || /^[a-z][a-z0-9+.-]+\/\//i.test(target);
}

async function openFound(
  target: string | undefined,
  options: OpenRegistryOptions,
): Promise<StoredRegistry | ServiceRegistry> {
  const { findRegistry } = await import("./registry/places/find_registry.ts");
  const { system, logger, create = target !== undefined } = options;
  const place = findRegistry(target, { system, create });
  logger?.debug("registry", { location: place.location, by: place.by });
  if (place.kind !== "service") checkOfService(options);
  try {
    if (place.kind === "folder") {
      return await openOn(await openTarget(place.location, { ...options, create }), {
        ...options,
        create,
      });
    }
    checkOfFolder(options);
    const { openServiceByUrl, openStoreByUrl } = await import("./registry/places/open_by_url.ts");
    if (place.kind === "store") {
      return await openOn(await openStoreByUrl(place.location, options), { ...options, create });
    }
    const { materializers = createMaterializers(), token } = options;
    return await openServiceByUrl(place, { ...options, materializers }, token);
  } catch (error) {
    const { explainFailure } = await import("./registry/places/explain_failure.ts");
    throw await explainFailure(error, place);
  }
}

async function openOn(backend: Backend, options: OpenRegistryOptions): Promise<StoredRegistry> {
  const { materializers = createMaterializers() } = options;
  const { openOnBackend } = await import("./registry/open.ts");
  return await openOnBackend(backend, {
    ...options,
    materializers,
    cache: await chooseCache(backend, options),
    notes: backend.kind === "local" && options.cache === undefined
      ? () => openNotes(backend, options)
      : undefined,
  });
}

/** Opens the store for the notes of saves into a folder, which has no cache by default. */
function openNotes({ location }: Backend, options: OpenOptions): Backend | undefined {
  const folder = cacheFolder(undefined, options.system ?? realSystem);
  const store = "path" in folder ? createCacheBackend(folder.path, options) : undefined;
  return store?.location === location ? undefined : store;
}

/** Returns the cache to use. By default only remote stores have one. */
async function chooseCache(
  backend: Backend,
  options: OpenRegistryOptions,
): Promise<OpenOnBackendOptions["cache"]> {
  const { cache = !isNear(backend) } = options;
  if (cache === false) return undefined;
  const { backend: cacheBackend, path, maxBytes } = checkOptions(
    "cache the registry",
    cache === true ? {} : cache,
    CACHE,
  );
  if (cacheBackend !== undefined) return { backend: cacheBackend, maxBytes };
  const { findCache } = await import("./registry/places/open_folder.ts");
  const found = findCache(path, options);
  return "path" in found ? { backend: createCacheBackend(found.path, options), maxBytes } : found;
}

/** Opens a cache folder. Entries are verified when read, so a power cut may lose them. */
function createCacheBackend(path: string, { system }: Pick<OpenOptions, "system">): Backend {
  return createLocalBackend({ path, durability: "os", ownerOnly: true, system });
}

const INSPECT = { path: true, system: true, signal: true };
const CLEAR: OptionNames<ClearCacheOptions> = { ...INSPECT, backend: true, registryId: true };

/**
 * Clears the cache of this machine, or the given folder or store.
 *
 * @throws {RegistryError} `Denied` if there is no usable folder
 */
export async function clearCache(options: ClearCacheOptions = {}): Promise<ClearCacheReport> {
  const { backend, path, system = realSystem } = checkOptions("clear the cache", options, CLEAR);
  const { clearEntries } = await import("./registry/cache/entries.ts");
  const clear = (cache: Backend) =>
    worded({ verb: "clear the cache" }, () => clearEntries(cache, options));
  if (backend !== undefined) return await clear(backend);
  const folder = cacheFolder(path, system);
  if ("path" in folder) return await clear(createCacheBackend(folder.path, options));
  throw denied("clear the cache", undefined, folder.problem, {
    hint:
      "Set HOLDFAST_CACHE to a folder, or pass its path, and allow this program to read and write it.",
  });
}

/**
 * Returns the folder of this machine's cache, and its size. Creates nothing; if there is no usable
 * folder, the report says why.
 */
export async function inspectCache(
  options: Pick<ClearCacheOptions, "path" | "signal" | "system"> = {},
): Promise<CacheReport> {
  const action = "measure the cache";
  const { path, signal, system = realSystem } = checkOptions(action, options, INSPECT);
  const folder = cacheFolder(path, system);
  if (!("path" in folder)) return { problem: folder.problem, files: 0, bytes: 0 };
  const { measureEntries } = await import("./registry/cache/entries.ts");
  const measure = () => measureEntries(createLocalBackend({ path: folder.path }), { signal });
  return { path: folder.path, ...await worded({ verb: action }, measure) };
}

async function openTarget(target: string, options: OpenRegistryOptions): Promise<Backend> {
  if (target === "memory:") {
    checkOfFolder(options);
    return createMemoryBackend({ system: options.system });
  }
  const { readLocking } = await import("./registry/open.ts");
  const { openFolder } = await import("./registry/places/open_folder.ts");
  return await openFolder(target, options, { createLocalBackend, detectLocking, readLocking });
}

/** Throws `Invalid` for options of folders, which have no effect on other stores. */
function checkOfFolder(options: OpenRegistryOptions): void {
  for (const name of ["durability", "locking"] as const) {
    if (options[name] === undefined) continue;
    const state = `${shown(options[name])}: only registries in a folder have it`;
    const hint = `Open a folder by its path with ${name}, or pass it to createLocalBackend.`;
    throw invalid("open the registry with", name, state, { hint });
  }
}

/** Throws `Invalid` for a token without a service, which it would not protect. */
function checkOfService({ token }: OpenRegistryOptions): void {
  if (token === undefined) return;
  throw invalid("open the registry with", "token", "only registries of services have one", {
    hint: "Omit it, or open the registry by the URL of its service.",
  });
}

function isBackend(target: string | URL | Backend | undefined): target is Backend {
  return typeof target === "object" && !(target instanceof URL);
}

export { createLocalBackend, createMemoryBackend };
export type { Artifact, ArtifactInfo, Restoration } from "./core/artifact.ts";
export type { Backend } from "./core/backend.ts";
export { isRegistryError, RegistryError } from "./core/errors.ts";
export type { ErrorCode } from "./core/errors.ts";
export { createLookup } from "./core/lookup.ts";
export { defineMaterializer } from "./core/materializer.ts";
export type { Materializer, Materializers } from "./core/materializer.ts";
export { parseRef, type Ref } from "./core/naming/refs.ts";
export { type Version } from "./core/naming/versions.ts";
export type {
  CopyOptions,
  DeletedEntry,
  DeleteOptions,
  DownloadOptions,
  LoadOptions,
  Logger,
  ReadOptions,
  RefOptions,
  Registry,
  ServiceRegistry,
  StoredRegistry,
  UndeleteOptions,
  VersionEntry,
  VersionsOptions,
} from "./core/registry.ts";
export type { DownloadResult } from "./core/registry/downloading.ts";
export type { BatchOutcome, BatchResult, SaveEntry } from "./core/registry/many.ts";
export type { SavedArtifact, SaveOptions } from "./core/registry/operations/saving.ts";
export type { WatchEvent, WatchOptions } from "./core/registry/watching.ts";
export { realSystem, type System } from "./core/system.ts";
export { type LocalPath, localPath } from "./materializers/mod.ts";
export { defineArtifact } from "./registry/contract/define_artifact.ts";
export { defineRegistry } from "./registry/contract/define_registry.ts";
export { deleteMany, loadMany, saveMany } from "./registry/contract/many.ts";
export { publishRelease, resolveRelease } from "./registry/contract/release.ts";
export { asMap } from "./registry/contract/map.ts";
export { diffValues } from "./core/text/value_changes.ts";
export * from "./registry/tools/history.ts";
