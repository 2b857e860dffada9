// Saves a version whose list of files is in pages, some files at a time. The memory is that of a
// group, whatever the number of files.
import { compareUtf8, sortedByPath } from "../../core/bytes/bytes.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { parseRef } from "../../core/naming/refs.ts";
import type { StoredFile, VersionRecord } from "../../core/record.ts";
import type { CheckedOptions, SaveOptions } from "../../core/registry/operations/saving.ts";
import type { SavedArtifact } from "../../core/registry.ts";
import { createLimit } from "../../core/work/at_once.ts";
import { slicesInTurns } from "../../core/work/next_turn.ts";
import { FileList, GoneList } from "../cell/file_list.ts";
import { sharedObjects } from "../cell/objects.ts";
import type { Context } from "../operations/context.ts";
import { locate } from "../operations/resolve.ts";
import { saveFiles } from "../operations/save.ts";
import type { Attempt, FilesOfArtifact, ListedPayload } from "../operations/saving/attempt.ts";
import { type Base, createBase } from "../payload/base.ts";
import { Payload } from "../payload/write.ts";
import { storePages } from "../payload/writing/store_pages.ts";
import { storePayload } from "../payload/writing/store_payload.ts";

/** A version that is saved some files at a time. */
export interface GroupedVersion
  extends Omit<FilesOfArtifact, "produce" | "storeListed" | "digest"> {
  digest: string;
  /** Bytes of all files. */
  size: number;
  /** Yields the files: the paths of a group are after those of the one before. */
  groups(): AsyncIterable<readonly FileToSave[]>;
  /** Shares bytes with this version. @default none */
  base?: string;
  /** Called if the base cannot be read. */
  badBase(): void;
}

/** Limits the versions that are saved at once: each holds the files of a group. */
const limits = new WeakMap<Context, ReturnType<typeof createLimit>>();

function fewAtOnce(context: Context): ReturnType<typeof createLimit> {
  const limit = limits.get(context) ?? createLimit(2);
  limits.set(context, limit);
  return limit;
}

/** Saves a version of which no more than a group of files is in memory. */
export async function saveGroups(
  context: Context,
  version: GroupedVersion,
  options: SaveOptions & CheckedOptions,
): Promise<SavedArtifact> {
  let { base } = version; // a second attempt, after the base was deleted, shares nothing
  const storeListed = async (attempt: Attempt) => {
    const asked = { ...version, base };
    base = undefined;
    return await storeGroups(attempt, asked, options.signal);
  };
  return await saveFiles(context, { ...version, produce: () => [], storeListed }, options);
}

async function storeGroups(
  attempt: Attempt,
  version: GroupedVersion,
  signal?: AbortSignal,
): Promise<ListedPayload> {
  const { context, placed, operation: { action } } = attempt;
  const { name, digest, size, groups } = version;
  const { folder, shelves } = placed!;
  const shared = new Set<string>();
  const earlier = await openEarlier(attempt, version, signal);
  shelves.base = earlier?.base;

  async function* stored(): AsyncGenerator<readonly StoredFile[]> {
    for await (const group of groups()) {
      const files = await storeGroup(attempt, group, earlier);
      for (const key of sharedObjects(name, files)) shared.add(key);
      yield* slicesInTurns(files);
    }
  }

  return await fewAtOnce(context)(async () => {
    const at = { store: context, folder, base: earlier?.base, limits: context.pageLimits };
    const pages = await storePages(stored(), { ...at, action, signal });
    const { fileList, hasValues } = pages, sharedPages = [...shared, ...pages.shared];
    return { fileList, digest, size, sharedPages, hasValues };
  });
}

/** Stores the files of a group, and returns them by their paths. */
async function storeGroup(
  { settings, placed }: Attempt,
  group: readonly FileToSave[],
  earlier?: Earlier,
): Promise<StoredFile[]> {
  const last = group.reduce((last, { path }) => compareUtf8(path, last) > 0 ? path : last, "");
  const base = await earlier?.upTo(last);
  const payload = new Payload(settings);
  try {
    const fits = await payload.gather(group);
    for (const file of fits ? payload.files : []) delete file.inline; // they are not in a record
    await storePayload(payload, { folder: placed!.folder, shelves: { base } }, settings);
  } catch (error) {
    await payload.drop();
    throw error;
  }
  if (base?.isShared) earlier!.base.isShared = true;
  return sortedByPath(payload.files);
}

/** A version that may have some of the bytes. */
interface Earlier {
  /** Without files: the version as a whole, whose pages may be shared. */
  base: Base;
  /** Returns it with the files after those of the last call, up to a path. */
  upTo(path: string): Promise<Base>;
}

/** Opens the base; undefined if there is none, or its record cannot be read. */
async function openEarlier(
  { context, operation }: Attempt,
  { name, base: ref, badBase }: GroupedVersion,
  signal?: AbortSignal,
): Promise<Earlier | undefined> {
  if (ref === undefined) return undefined;
  const seenAt = operation.moment();
  try {
    const { found, record } = await locate(context, parseRef(ref), { signal });
    const files = new SortedFiles(readable(record));
    const baseOf = (some: readonly StoredFile[]) =>
      createBase(context, found, some, { name, expectsEqual: false, signal });
    const base = await baseOf([]);
    operation.views.base = seenAt;
    return { base, upTo: async (path) => await baseOf(await files.upTo(path)) };
  } catch (error) {
    unlessBad(error);
  }

  /** Yields sorted files until one page cannot be read: the rest is stored again. */
  async function* readable(record: VersionRecord): AsyncGenerator<readonly StoredFile[]> {
    const list = new FileList(context, record, { signal });
    const isLong = list.count > 0;
    try {
      for await (const files of list.slices({ ahead: 1 })) {
        yield isLong ? files : sortedByPath(files);
      }
    } catch (error) {
      unlessBad(error);
    }
  }

  function unlessBad(error: unknown): void {
    const isGone = error instanceof GoneList;
    if (!isGone && !isRegistryError(error, "Corrupt", "NotFound", "Unsupported")) throw error;
    badBase();
    context.logger.warn(`${operation.action}: shares no more with "${ref}": ${error.message}`);
  }
}

/** Files of a version in the order of their paths, which are read as far as they are needed. */
class SortedFiles {
  readonly #slices: AsyncIterator<readonly StoredFile[]>;
  #held: readonly StoredFile[] = [];

  constructor(slices: AsyncIterable<readonly StoredFile[]>) {
    this.#slices = slices[Symbol.asyncIterator]();
  }

  /** Returns the files after those that it returned before, up to a path. */
  async upTo(path: string): Promise<StoredFile[]> {
    let taken: StoredFile[] = [];
    for (;;) {
      const end = this.#held.findIndex((file) => compareUtf8(file.path, path) > 0);
      taken = taken.concat(end < 0 ? this.#held : this.#held.slice(0, end));
      this.#held = end < 0 ? [] : this.#held.slice(end);
      if (end >= 0) return taken;
      const next = await this.#slices.next();
      if (next.done) return taken;
      this.#held = next.value;
    }
  }
}
