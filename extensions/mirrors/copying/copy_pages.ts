// Copies a version whose list of files is in pages, some pages at a time. The memory is that of a group
// of pages, whatever the number of files.
import {
  compareUtf8,
  createLimit,
  isRegistryError,
  itemAt,
  parseRef,
  sha256,
  slicesInTurns,
} from "../../../core/kernel.ts";
import type { FileToSave } from "../../../materializers/mod.ts";
import type { StoredFile } from "../../../core/record.ts";
import {
  createBase,
  FileList,
  GoneList,
  locate,
  orGone,
  Payload,
  placeOf,
  sharedObjects,
  storePages,
  storePayload,
} from "../../../registry/records.ts";
import type { Attempt, Base, ListedPayload } from "../../../registry/records.ts";
import { byPath, SortedFiles } from "./copy_source.ts";
import type { CopySource } from "./copy_source.ts";
import type { MirrorRun } from "../run.ts";

/**
 * A group of pages ends before one whose first path has a SHA-256 that is a multiple of this number,
 * so that the next version has the same groups, and the objects of one are used by no other.
 */
const GROUP_PAGES = 32;
const LEAST_PAGES = GROUP_PAGES / 4, MOST_PAGES = GROUP_PAGES * 2;

/** Limits the copies into each registry at once: each holds the files of a group. */
const limits = new WeakMap<MirrorRun["to"], ReturnType<typeof createLimit>>();

function fewAtOnce(to: MirrorRun["to"]): ReturnType<typeof createLimit> {
  const limit = limits.get(to) ?? createLimit(2);
  limits.set(to, limit);
  return limit;
}

/** A version of the target that may have some of the bytes. */
interface Earlier {
  /** Without files: the version as a whole, whose pages may be shared. */
  base: Base;
  /** Returns it with the files after those of the last call, up to a path. */
  upTo(path: string): Promise<Base>;
}

export interface CopyPagesOptions {
  /** The name in the target. */
  target: string;
  /** Shares bytes with this version of the target. @default none */
  base?: string;
  /** Called if the base cannot be read. */
  badBase(): void;
  /** Returns files that read the bytes of these files, all of one group. */
  toSave(files: readonly StoredFile[]): FileToSave[];
}

/** Stores the files of a version, and their list. */
export async function copyPages(
  run: MirrorRun,
  { located, list }: CopySource & { list: FileList },
  attempt: Attempt,
  options: CopyPagesOptions,
): Promise<ListedPayload> {
  const { from, to, signal } = run;
  const { digest, size } = located.record;
  const { placed, operation: { action } } = attempt;
  const { folder, shelves } = placed!;
  const shared = new Set<string>();
  const earlier = await openEarlier(run, attempt, options);
  shelves.base = earlier?.base;

  async function* stored(): AsyncGenerator<readonly StoredFile[]> {
    for await (const group of groupsOf(list)) {
      const files = await storeGroup(attempt, { group, earlier }, options);
      for (const key of sharedObjects(options.target, files)) shared.add(key);
      yield* slicesInTurns(files);
    }
  }

  return await fewAtOnce(to)(async () => {
    const place = { store: to, action, folder, base: earlier?.base, limits: to.pageLimits, signal };
    const pages = await storePages(stored(), place).catch((error) => orGone(from, located, error));
    return { fileList: pages.fileList, digest, size, sharedPages: [...shared, ...pages.shared] };
  });
}

/** Yields the files of some pages at a time. */
async function* groupsOf(list: FileList): AsyncGenerator<StoredFile[]> {
  let group: StoredFile[] = [];
  let pages = 0;
  for await (const files of list.slices({ ahead: 1 })) {
    const head = Number.parseInt(sha256(itemAt(files, 0).path).slice(8, 16), 16);
    const ends = pages >= MOST_PAGES || (pages >= LEAST_PAGES && head % GROUP_PAGES === 0);
    if (ends) {
      yield group;
      group = [];
      pages = 0;
    }
    group = group.concat(files);
    pages++;
  }
  yield group;
}

/** Stores the files of a group, and returns them by their paths. */
async function storeGroup(
  { settings, placed }: Attempt,
  { group, earlier }: { group: readonly StoredFile[]; earlier?: Earlier },
  { toSave }: CopyPagesOptions,
): Promise<StoredFile[]> {
  const base = await earlier?.upTo(itemAt(group, -1).path);
  const payload = new Payload(settings);
  try {
    const fits = await payload.gather(toSave(group.toSorted(byPlace)));
    for (const file of fits ? payload.files : []) delete file.inline; // they are not in a record
    await storePayload(payload, { folder: placed!.folder, shelves: { base } }, settings);
  } catch (error) {
    await payload.drop();
    throw error;
  }
  if (base?.isShared) earlier!.base.isShared = true;
  return byPath(payload.files);
}

/** Files in one object are read together. */
function byPlace(a: StoredFile, b: StoredFile): number {
  const one = firstPlace(a), other = firstPlace(b);
  return compareUtf8(one.place, other.place) || one.object - other.object ||
    one.offset - other.offset;
}

function firstPlace(file: StoredFile): { place: string; object: number; offset: number } {
  const [part] = file.parts ?? [];
  if (part === undefined) return { place: "", object: 0, offset: 0 };
  const { object, offset = 0 } = part;
  return { place: placeOf(file, part) ?? "", object, offset };
}

/** Opens the base; undefined if there is none, or its record cannot be read. */
async function openEarlier(
  { to, signal }: MirrorRun,
  { operation }: Attempt,
  { target: name, base: ref, badBase }: CopyPagesOptions,
): Promise<Earlier | undefined> {
  if (ref === undefined) return undefined;
  const seenAt = operation.moment();
  try {
    const { found, record } = await locate(to, parseRef(ref), { signal });
    const files = new SortedFiles(readable(new FileList(to, record, { signal })));
    const baseOf = (some: readonly StoredFile[]) =>
      createBase(to, found, some, { name, expectsEqual: false, signal });
    const base = await baseOf([]);
    operation.views.base = seenAt;
    return { base, upTo: async (path) => await baseOf(await files.upTo(path)) };
  } catch (error) {
    unlessBad(error);
  }

  /** Yields sorted files until one page cannot be read: the rest is copied. */
  async function* readable(list: FileList): AsyncGenerator<readonly StoredFile[]> {
    const isLong = list.count > 0;
    try {
      for await (const files of list.slices({ ahead: 1 })) yield isLong ? files : byPath(files);
    } catch (error) {
      unlessBad(error);
    }
  }

  function unlessBad(error: unknown): void {
    const isGone = error instanceof GoneList;
    if (!isGone && !isRegistryError(error, "Corrupt", "NotFound", "Unsupported")) throw error;
    badBase();
    to.logger.warn(`${operation.action}: shares no more with "${ref}": ${error.message}`);
  }
}
