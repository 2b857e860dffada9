// Opening and loading versions.
import { authorOf } from "../../core/naming/author.ts";
import type { Artifact, ArtifactFile, ArtifactInfo, Restoration } from "../../core/artifact.ts";
import { sortedByUtf8 } from "../../core/bytes/bytes.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import { createDownload } from "../../disk/download_files.ts";
import { corrupt, notFound, RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { MaterializeOptions, Materializer } from "../../core/materializer.ts";
import type { FileInfo, RestoredRecord, StoredFile, VersionRecord } from "../../core/record.ts";
import { decodeOrder, parseVersion } from "../../core/naming/versions.ts";
import type { Ref } from "../../core/naming/refs.ts";
import type {
  DownloadOptions,
  DownloadResult,
  InfoOptions,
  LoadOptions,
  ReadOptions,
} from "../../core/registry.ts";
import { cachedBytes } from "../cache/cached_reader.ts";
import { forgetRecord, keepRecord, locateCached } from "../cache/cached_records.ts";
import { fileKey } from "../cache/entries.ts";
import type { Context } from "./context.ts";
import { readAnnotations } from "./annotations.ts";
import { parsePlace, payloadKey, recordKey, versionCell } from "../format/layout.ts";
import { FileList, type FileListOptions, GoneList, readAllFiles } from "../cell/file_list.ts";
import { ownPlace, placeOf } from "../cell/objects.ts";
import { getPart, saveAgain } from "../cell/part_runs.ts";
import { createArtifact, fileInfo } from "../cache/read.ts";
import { readThrough } from "../../core/work/read_through.ts";
import { slicesInTurns } from "../../core/work/next_turn.ts";
import { createLoadLimit, type LoadLimit } from "../../core/calls/load_limit.ts";
import { makeValue } from "../contract/make_value.ts";
import type { PayloadSource } from "../payload/store_reader.ts";
import { locate, tryLocate } from "./resolve.ts";
import { type FoundRecord, type Located, readRecord } from "../cell/heads.ts";
import { countingHead, isLate, noteVoid } from "../cell/voids.ts";

/** Maximum restarts of a read that concurrent writers overtake. */
const MAX_RESTARTS = 20;

interface ReadOnce {
  /** Ignores the cache. @default false */
  fresh?: boolean;
  /** Returns undefined for missing versions, which is cheaper than an error. @default false */
  ifThere?: boolean;
  /** The only file that is needed: of a list in pages, others are not read. */
  only?: string;
}

/**
 * Uses the version of a ref. Restarts with the current version if that one was overwritten or
 * deleted so long ago that its payload is gone.
 */
export async function withArtifact<T>(
  context: Context,
  ref: Ref,
  options: ReadOptions & Pick<LoadOptions, "onProgress"> & ReadOnce,
  use: (artifact: Artifact, limit: LoadLimit) => T | Promise<T>,
  read: ReadElsewhere["read"] = createArtifact,
): Promise<T> {
  for (let restarts = 0;; restarts++) {
    try {
      return await readOnce();
    } catch (error) {
      if (!(error instanceof Superseded) || restarts >= MAX_RESTARTS) throw error;
      context.logger.debug(`load "${ref.name}": restarts: ${error.message}`);
    }
  }

  async function readOnce(): Promise<T> {
    const cached = options.fresh ? undefined : await locateCached(context, ref, options);
    const located = cached ??
      await (options.ifThere ? tryLocate : locate)(context, ref, options.signal);
    if (located === undefined) return undefined as T;
    if (cached === undefined) await keepRecord(context, ref, located);
    const source = await payloadSource(context, located, options.signal, options.only);
    const limit = createLoadLimit(context.maxLoadBytes);
    const { verify = context.verify, signal, onProgress } = options;
    return await use(read(context, source, { verify, signal, onProgress, limit }), limit);
  }
}

export function openArtifact(
  context: Context,
  ref: Ref,
  options: ReadOptions = {},
): Promise<Artifact> {
  return withArtifact(context, ref, options, (artifact) => artifact);
}

export interface ReadElsewhere {
  read: typeof createArtifact;
  writeLarge(path: string, file: ArtifactFile): Promise<void>;
  checkLarge(file: ArtifactFile): Promise<void>;
  materialize(materializer: Materializer, artifact: Artifact, options: MaterializeOptions): unknown;
}

export function loadValue(
  context: Context,
  ref: Ref,
  options: LoadOptions,
  elsewhere?: ReadElsewhere,
): Promise<unknown> {
  const make = valueMaker(context, options, elsewhere);
  return withArtifact(context, ref, options, make, elsewhere?.read);
}

/**
 * Loads a value, or returns undefined if there is no such version. Missing aliases are `NotFound`.
 */
export function loadIfThere(
  context: Context,
  ref: Ref,
  options: LoadOptions,
): Promise<{ value: unknown } | undefined> {
  const make = valueMaker(context, options);
  const settings = { ...options, ifThere: true };
  return withArtifact<{ value: unknown } | undefined>(context, ref, settings, async (...read) => ({
    value: await make(...read),
  }));
}

function valueMaker(
  { materializers, logger }: Context,
  options: LoadOptions,
  elsewhere?: ReadElsewhere,
) {
  return async (artifact: Artifact, limit: LoadLimit): Promise<unknown> => {
    const { name, version, materializer: { id, formatVersion } } = artifact.info;
    const settings = { ...options, materializers, limit };
    const value = await makeValue(artifact, settings, elsewhere?.materialize);
    logger.debug(`load "${name}@${version}" by ${id} ${formatVersion}`);
    return value;
  };
}

export function downloadVersion(
  context: Context,
  ref: Ref,
  options: DownloadOptions,
  elsewhere?: ReadElsewhere,
): Promise<DownloadResult> {
  const download = createDownload(options);
  const { kind, location } = context.backend;
  const notInside = kind === "local" ? location : undefined;
  const plan = { notInside, writeLarge: elsewhere?.writeLarge };
  const reading = { ...options, onProgress: download.onProgress };
  const write = (artifact: Artifact) => download.write(artifact, plan);
  return withArtifact(context, ref, reading, write, elsewhere?.read);
}

/** Reads every byte of a version from the store, without the cache, and checks it. */
export function checkFiles(
  context: Context,
  ref: Ref,
  options: LoadOptions,
  elsewhere?: ReadElsewhere,
): Promise<ArtifactInfo> {
  const stored = { ...context, cache: undefined };
  return withArtifact(stored, ref, { ...options, verify: "integrity" }, async (artifact) => {
    await readThrough(artifact, elsewhere?.checkLarge);
    return artifact.info;
  }, elsewhere?.read);
}

export async function artifactInfo(
  context: Context,
  located: Located,
  { annotations = false, signal }: InfoOptions = {},
): Promise<ArtifactInfo> {
  const { name, version } = located.record;
  const of = { name, version: parseVersion(version) };
  const [{ info }, notes] = await Promise.all([
    payloadSource(context, located, signal),
    annotations ? readAnnotations(context, of, signal) : undefined,
  ]);
  return notes === undefined ? info : { ...info, annotations: notes };
}

export async function payloadSource(
  context: Context,
  located: Located,
  signal?: AbortSignal,
  only?: string,
): Promise<PayloadSource> {
  const { record, found, generation } = located;
  const by = authorOf(record);
  const own = ownPlace(context, record);
  const ref = `${record.name}@${record.version}`;
  const missing = (key: string) => explainMissing(context, located, ref, key);
  const explain = (error: unknown) => {
    if (error instanceof GoneList) return missing(error.key);
    throw error;
  };
  const isListed = record.fileList !== undefined; // else a record has few files
  const files = isListed
    ? await filesOf(listOf(context, record, signal), only).catch(explain)
    : record.files;
  const infos: FileInfo[] = isListed ? [] : files.map(fileInfo);
  if (isListed) {
    for await (const some of slicesInTurns(files)) infos.push(...some.map(fileInfo));
  }
  return {
    ref,
    recordKey: found.info.key,
    files,
    inline: found.inline,
    keyOf: (file, part) => payloadKey(record.name, placeOf(file, part) ?? own, part.object),
    earlier: createEarlier(context, record.name, signal),
    missing,
    forget: () => void forgetRecord(context, located.cell),
    info: {
      name: record.name,
      version: record.version,
      commit: record.commit,
      generation,
      digest: record.digest,
      size: record.size,
      createdAt: new Date(record.createdAt),
      ...(by && { by }),
      materializer: record.materializer,
      metadata: record.metadata,
      inputs: record.inputs ?? [],
      files: infos,
      ...(record.key === undefined ? {} : { idempotencyKey: record.key }),
      ...(record.origin === undefined ? {} : { origin: record.origin }),
      ...(record.restored && { restored: record.restored.map(restoration) }),
    },
  };
}

function restoration({ commit, deletedAt, restoredAt }: RestoredRecord): Restoration {
  return { commit, deletedAt: new Date(deletedAt), restoredAt: new Date(restoredAt) };
}

/** Versions that are read to find a cached file with equal bytes. */
const MAX_EARLIER = 3;

/** Yields the file at the same path of the versions whose bytes it shares, the newest first. */
function createEarlier(
  context: Context,
  name: string,
  signal?: AbortSignal,
): PayloadSource["earlier"] {
  const read = new Map<string, Promise<FoundRecord | undefined>>(); // other files need the same
  return async function* (file) {
    const places = new Set(file.parts?.map(({ from = "" }) => from));
    const newest = [...places].map(parsePlace).toSorted((a, b) => a.commit < b.commit ? 1 : -1);
    for (const { order, commit } of newest.slice(0, MAX_EARLIER)) {
      const version = decodeOrder(order);
      if (version === undefined) continue; // its own bytes, or those of a draft
      const key = recordKey(versionCell(name, version, true), 1);
      const reading = read.get(key) ?? readRecord(context, key, signal).catch(() => undefined); // not needed
      read.set(key, reading);
      const source = await reading;
      if (source?.record.kind !== "version" || source.record.commit !== commit) continue;
      yield* source.record.files.filter(({ path }) => path === file.path);
    }
  };
}

/** Reads all files of a list; of one in pages, only the requested one. */
async function filesOf(list: FileList, only?: string): Promise<StoredFile[]> {
  if (only === undefined || list.count === 0) return await readAllFiles(list);
  const file = await list.find(only);
  if (file !== undefined) return [file];
  throw notFound("open file", `${shown(only)} of ${list.ref}`, "no such file", {
    hint: `List its ${list.count} files.`,
  });
}

/** Opens one file of a version. */
export function openFileOf(
  context: Context,
  ref: Ref,
  path: string,
  options: ReadOptions,
): Promise<ArtifactFile> {
  return withArtifact(context, ref, { ...options, only: path }, (artifact) => artifact.file(path));
}

/** Yields the files of a version some at a time, sorted by path, from the page of `after` on. */
export async function* slicesOf(
  context: Context,
  ref: Ref,
  { after, signal }: { after?: string; signal?: AbortSignal },
): AsyncGenerator<readonly FileInfo[]> {
  const located = await locate(context, ref, signal);
  const { record } = located;
  const list = listOf(context, record, signal);
  try {
    if (list.count === 0) {
      return yield sortedByUtf8((await readAllFiles(list)).map(fileInfo), ({ path }) => path);
    }
    for await (const files of list.slices({ after })) yield files.map(fileInfo);
  } catch (error) {
    if (!(error instanceof GoneList)) throw error;
    return await explainMissing(context, located, `${record.name}@${record.version}`, error.key);
  }
}

/** Returns the list of files of a record, whose objects come from the cache if it has them. */
function listOf(context: Context, record: VersionRecord, signal?: AbortSignal): FileList {
  const { cache, backend } = context;
  const read: FileListOptions["read"] = async (key, part) => {
    const { sha256: digest, size } = part;
    const cached = cache && await cachedBytes(cache, { sha256: digest, size }, "integrity");
    if (cached !== undefined) return cached;
    const bytes = await (await getPart(backend, key, part, { signal }))?.bytes();
    if (bytes !== undefined && cache !== undefined && sha256(bytes) === digest) {
      cache.keep(fileKey(digest), bytes);
    }
    return bytes;
  };
  return new FileList(context, record, { read, signal });
}

class Superseded extends RegistryError {}

async function explainMissing(
  context: Context,
  located: Located,
  ref: string,
  key: string,
): Promise<never> {
  const { cell, found } = located;
  if (await isLate(context, found)) noteVoid(context, found.info.key);
  const head = await countingHead(context, cell);
  const isSame = head?.key === found.info.key &&
    (await readRecord(context, head.key))?.record.commit === found.record.commit;
  if (!isSame) { // another generation, or another record after a restore
    await forgetRecord(context, cell);
    throw new Superseded({
      code: "Conflict",
      message: `Cannot read "${ref}": it was superseded`,
      hint: "Open it again.",
      key: found.info.key,
      backend: context.backend.location,
    });
  }
  throw corrupt("read", `"${ref}"`, "a stored object is missing", {
    ...saveAgain("Another program deleted it."),
    key,
    backend: context.backend.location,
  });
}
