// Opening and loading versions.
import { authorOf } from "../../core/naming/author.ts";
import {
  type Artifact,
  type ArtifactFile,
  type ArtifactInfo,
  onePage,
  type PagedArtifact,
  type PagesOptions,
  type Restoration,
} from "../../core/artifact.ts";
import { createDownload } from "../../disk/download_files.ts";
import { corrupt, notFound, RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { MaterializeOptions, Materializer } from "../../core/materializer.ts";
import type { FileInfo, RestoredRecord, StoredFile } from "../../core/record.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import type { Ref } from "../../core/naming/refs.ts";
import type {
  DownloadOptions,
  DownloadResult,
  InfoOptions,
  LoadOptions,
  ReadOptions,
  VersionsOptions,
} from "../../core/registry.ts";
import { forgetRecord, keepRecord, locateCached } from "../cache/cached_records.ts";
import type { Context } from "./context.ts";
import { readAnnotations } from "./annotations.ts";
import { payloadKey } from "../format/layout.ts";
import { cachedList } from "../cache/cached_list.ts";
import { type FileList, GoneList, readAllFiles } from "../cell/file_list.ts";
import { ownPlace, placeOf } from "../cell/objects.ts";
import { saveAgain } from "../cell/part_runs.ts";
import { createArtifact, fileInfo } from "../cache/read.ts";
import { readThrough } from "../../core/work/read_through.ts";
import { slicesInTurns } from "../../core/work/next_turn.ts";
import { createLoadLimit, type LoadLimit } from "../../core/calls/load_limit.ts";
import { makeValue } from "../contract/make_value.ts";
import { KeptPacks } from "../payload/packs.ts";
import type { PayloadSource } from "../payload/store_reader.ts";
import { locate } from "./resolve.ts";
import { type Located, readHead, readRecord } from "../cell/heads.ts";
import { isLate, noteVoid } from "../cell/voids.ts";

/** Maximum restarts of a read that concurrent writers overtake. */
const MAX_RESTARTS = 20;

interface ReadOnce {
  /** Ignores the cache. @default false */
  fresh?: boolean;
  /** Returns undefined for missing versions, which is cheaper than an error. @default false */
  ifThere?: boolean;
}

/** Uses an opened version, like {@linkcode withLocated}. */
export function withArtifact<T>(
  context: Context,
  ref: Ref,
  options: Reading,
  use: (artifact: Artifact, limit: LoadLimit) => T | Promise<T>,
  read: ReadElsewhere["read"] = createArtifact,
): Promise<T> {
  return withLocated(context, ref, options, async (located) => {
    const source = await payloadSource(context, located, options.signal);
    const reading = readingOf(context, options);
    return await use(read(context, source, reading), reading.limit);
  });
}

type Reading = ReadOptions & Pick<LoadOptions, "onProgress"> & ReadOnce;

function readingOf(context: Context, { verify, signal, onProgress }: Reading) {
  const limit = createLoadLimit(context.maxLoadBytes);
  return { verify: verify ?? context.verify, signal, onProgress, limit };
}

/** Uses a version whose files are opened a page at a time, like {@linkcode withLocated}. */
function withPages<T>(
  context: Context,
  ref: Ref,
  options: Reading,
  use: (version: PagedArtifact) => T | Promise<T>,
  read: ReadElsewhere["read"] = createArtifact,
): Promise<T> {
  return withLocated(context, ref, options, async (located) => {
    const { record } = located;
    const list = cachedList(context, record, options.signal);
    const reading = readingOf(context, options);
    if (list.count === 0) {
      const source = await payloadSource(context, located, options.signal);
      return await use(onePage(read(context, source, reading), source.files.length));
    }
    const { files: _, ...info } = infoOf(located, []);
    const packs = new KeptPacks();
    let moved = 0;
    return await use({ info, count: list.count, pages, file });

    async function* pages(from?: PagesOptions): AsyncGenerator<Artifact> {
      try {
        for await (const files of list.slices(from)) {
          const source = sourceOf(context, located, files, files.map(fileInfo), options.signal);
          source.packs = packs;
          yield read(context, source, { ...reading, onProgress: onPage(options.onProgress) });
        }
      } catch (error) {
        await orGone(context, located, error);
      }
    }

    async function file(path: string): Promise<ArtifactFile> {
      const files = await filesOf(list, path).catch((error) => orGone(context, located, error));
      const source = sourceOf(context, located, files, files.map(fileInfo), options.signal);
      return read(context, source, reading).file(path);
    }

    /** Each page counts its bytes from 0. */
    function onPage(report: LoadOptions["onProgress"]): LoadOptions["onProgress"] {
      const before = moved;
      return report &&
        ((progress) => report({ ...progress, bytes: moved = before + progress.bytes }));
    }
  });
}

/** Opens a version a page at a time. */
export function openPagesOf(
  context: Context,
  ref: Ref,
  options: ReadOptions,
): Promise<PagedArtifact> {
  return withPages(context, ref, options, (version) => version);
}

/**
 * Uses the version of a ref. Restarts with the current version if that one was overwritten or
 * deleted so long ago that its payload is gone.
 */
async function withLocated<T>(
  context: Context,
  ref: Ref,
  options: Reading,
  use: (located: Located) => Promise<T>,
): Promise<T> {
  for (let restarts = 0;; restarts++) {
    try {
      const cached = options.fresh ? undefined : await locateCached(context, ref, options);
      const located = cached ?? await locate(context, ref, options);
      if (located === undefined) return undefined as T;
      if (cached === undefined) await keepRecord(context, ref, located);
      return await use(located);
    } catch (error) {
      if (!(error instanceof Superseded) || restarts >= MAX_RESTARTS) throw error;
      context.logger.debug(`load "${ref.name}": restarts: ${error.message}`);
    }
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
  const write = (version: PagedArtifact) => download.write(version, plan);
  return withPages(context, ref, reading, write, elsewhere?.read);
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
  { annotations, withoutFiles, signal }: InfoOptions & Pick<VersionsOptions, "withoutFiles"> = {},
): Promise<ArtifactInfo> {
  const { name, version } = located.record;
  const of = { name, version: parseVersion(version) };
  const [{ info }, notes] = await Promise.all([
    withoutFiles ? { info: infoOf(located, []) } : payloadSource(context, located, signal),
    annotations ? readAnnotations(context, of, signal) : undefined,
  ]);
  return notes === undefined ? info : { ...info, annotations: notes };
}

/** Returns the files of a version; of a list in pages, with `only` no others than this one. */
export async function payloadSource(
  context: Context,
  located: Located,
  signal?: AbortSignal,
  only?: string,
): Promise<PayloadSource> {
  const { record } = located;
  if (record.fileList === undefined) { // it has few files
    return sourceOf(context, located, record.files, record.files.map(fileInfo), signal);
  }
  const files = await filesOf(cachedList(context, record, signal), only)
    .catch((error) => orGone(context, located, error));
  const infos: FileInfo[] = [];
  for await (const some of slicesInTurns(files)) infos.push(...some.map(fileInfo));
  return sourceOf(context, located, files, infos, signal);
}

/** Returns some files of a version. */
function sourceOf(
  context: Context,
  located: Located,
  files: readonly StoredFile[],
  infos: FileInfo[],
  signal?: AbortSignal,
): PayloadSource {
  const { record, found } = located;
  const own = ownPlace(context, record);
  let earlier: Promise<NonNullable<PayloadSource["earlier"]>> | undefined;
  return {
    ref: refOf(located),
    recordKey: found.info.key,
    files,
    inline: found.inline,
    keyOf: (file, part) => payloadKey(record.name, placeOf(file, part) ?? own, part.object),
    async *earlier(file) {
      earlier ??= import("./earlier_files.ts")
        .then(({ createEarlier }) => createEarlier(context, record, signal));
      yield* (await earlier)(file);
    },
    missing: (...place) => explainMissing(context, located, ...place),
    forget: () => void forgetRecord(context, located.cell),
    info: infoOf(located, infos),
  };
}

function infoOf({ record, generation }: Located, files: FileInfo[]): ArtifactInfo {
  const by = authorOf(record);
  return {
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
    files,
    ...(record.key === undefined ? {} : { idempotencyKey: record.key }),
    ...(record.origin === undefined ? {} : { origin: record.origin }),
    ...(record.restored && { restored: record.restored.map(restoration) }),
  };
}

function refOf({ record }: Located): string {
  return `${record.name}@${record.version}`;
}

function restoration({ commit, deletedAt, restoredAt }: RestoredRecord): Restoration {
  return { commit, deletedAt: new Date(deletedAt), restoredAt: new Date(restoredAt) };
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
  return withPages(context, ref, options, (version) => version.file(path));
}

/** Throws the error of a list, or the reason why an object of it is missing. */
export async function orGone(context: Context, located: Located, error: unknown): Promise<never> {
  if (error instanceof GoneList) await explainMissing(context, located, error.key);
  throw error;
}

class Superseded extends RegistryError {}

async function explainMissing(
  context: Context,
  located: Located,
  key: string,
  path?: string,
): Promise<never> {
  const { cell, found } = located;
  const ref = refOf(located);
  const isLost = await isLate(context, found);
  if (isLost) noteVoid(context, found.info.key);
  const head = await readHead(context, cell, undefined, context.voids);
  const isGone = head?.dead ?? true; // a tombstone can have the key and the commit of the version
  const isSame = !isGone && head?.key === found.info.key &&
    (await readRecord(context, head.key))?.record.commit === found.record.commit;
  if (!isSame) { // another generation, or another record after a restore
    await forgetRecord(context, cell);
    const how = isLost ? "committed too late" : isGone ? "deleted" : "replaced";
    throw new Superseded({
      code: "Conflict",
      message: `Cannot read "${ref}": it was ${how}, and its files are gone`,
      hint: isGone ? "Save it again, or copy it from a mirror." : "Open it again.",
      key: found.info.key,
      backend: context.backend.location,
    });
  }
  const what = path === undefined ? "" : `file ${shown(path)} of `;
  throw corrupt("read", `${what}"${ref}"`, "a stored object is missing", {
    ...saveAgain("Another program deleted it."),
    key,
    backend: context.backend.location,
  });
}
