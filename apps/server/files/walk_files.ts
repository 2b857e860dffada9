// Walks of the files of a version in the order of their paths, level by level: what listings of other
// protocols need. Of a list in pages, it reads those that may have entries of the level.
import { compareUtf8, sortedByUtf8 } from "../../../core/bytes/bytes.ts";
import type {
  Artifact,
  ArtifactFile,
  PagedArtifact,
  PagesOptions,
} from "../../../core/artifact.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { itemAt } from "../../../core/faults/present.ts";
import type { FileInfo } from "../../../core/record.ts";
import { keepNewest } from "../../../core/work/keep_newest.ts";
import { giveWay } from "../../../core/work/next_turn.ts";

export interface WalkOptions {
  /** @default all files */
  prefix?: string;
  /** Ends a folder: what lies in one is one entry. @default none */
  delimiter?: string;
  /** Only files from this path on. Without a delimiter. */
  from?: string;
  /** Only entries after this path, or after all paths in this folder. */
  after?: string;
  /** Number of pages to read ahead. @default 1, or with a delimiter 7 */
  ahead?: number;
  /** Leaves files out. */
  isShown?(file: FileInfo): boolean;
}

type Listed = Pick<PagedArtifact, "pages"> & {
  info: Pick<PagedArtifact["info"], "files"> & { commit?: string };
};

/** A file, or a folder with its delimiter. */
export type Walked = { path: string; file: FileInfo } | { path: string; file?: undefined };

/** Pages that are read ahead of a level, whose folders may each begin in another page. */
const AHEAD = 7;
/** After all strings that begin with the one before it. */
const LAST = "\u{10ffff}";

/** Walks that run now, which share the pages that are read ahead: each holds some hundred KiB. */
let walks = 0;

/** Yields files and folders by the bytes of their paths. */
export async function* walkFiles(
  version: Listed,
  { ahead, ...options }: WalkOptions = {},
): AsyncGenerator<Walked> {
  const { delimiter = "" } = options;
  const most = ahead ?? (delimiter === "" ? 1 : AHEAD);
  walks++;
  try {
    yield* walk(version, { ...options, ahead: Math.floor(most / walks) });
  } finally {
    walks--;
  }
}

async function* walk(
  { info, pages }: Listed,
  {
    prefix = "",
    delimiter = "",
    from: least = "",
    after = "",
    ahead,
    isShown = showAll,
  }: WalkOptions,
): AsyncGenerator<Walked> {
  const isPast = (path: string) => !path.startsWith(prefix) && compareUtf8(path, prefix) > 0;
  const begin = isFolder(after) ? after + LAST : after;
  const isPaged = info.files === undefined;
  // Of a walk that goes on within a folder, only its files tell whether the folder follows.
  const isWhole = folderIn(after) === "" || isFolder(after);
  const known = isPaged && isWhole && delimiter !== "" && info.commit !== undefined
    ? knownLevels(isShown, JSON.stringify([info.commit, prefix, delimiter]))
    : undefined;
  const passed: { first: string; level: readonly Walked[] }[] = []; // of pages that were not read
  const ends = new Map<string, string | undefined>(); // of pages, by their first paths
  let folder = "";
  const from: PagesOptions = {
    after: [prefix, least].reduce((a, b) => compareUtf8(a, b) > 0 ? a : b, begin),
    ahead,
    skip: ({ before, first, next }) => {
      if (isPast(first)) return true;
      const its = folderIn(first);
      // The page before stands for this one only if the walk does not begin within it.
      const isBefore = before === undefined || compareUtf8(before, after) <= 0;
      if (!isBefore && its !== "" && isWithin(before, its) && isWithin(next, its)) return true;
      // A page of pages begins with the same path as its first page, and ends elsewhere.
      ends.set(first, next);
      const level = known?.get({ first, next });
      if (level !== undefined) passed.push({ first, level });
      return level !== undefined;
    },
  };
  for await (const page of pages(from)) {
    await giveWay(); // also for a walk that finds nothing: a request may begin thousands
    const files = isPaged ? page.info.files : sortedFiles(page.info);
    const first = files[0]?.path ?? "";
    yield* following(passedBefore(first));
    if (known !== undefined) {
      const level = await Array.fromAsync(levelOf(files, 0));
      if (ends.has(first)) known.set({ first, next: ends.get(first) }, level);
      yield* following(level);
      continue;
    }
    const isAhead = (path: string) =>
      compareUtf8(path, prefix) >= 0 && compareUtf8(path, least) >= 0 && isBeyond(path, after) &&
      isBeyond(path, folder);
    for await (const walked of levelOf(files, firstIndex(files, isAhead))) {
      if (walked.file === undefined) folder = walked.path;
      yield walked;
    }
  }
  yield* following(passed.flatMap(({ level }) => level));

  /** Takes the levels of the pages before one. */
  function passedBefore(first: string): Walked[] {
    const end = passed.findIndex((each) => compareUtf8(each.first, first) >= 0);
    return passed.splice(0, end < 0 ? passed.length : end).flatMap(({ level }) => level);
  }

  /** Yields those of a level that follow the ones before. */
  function* following(level: readonly Walked[]): Generator<Walked> {
    for (const walked of level) {
      if (walked.path === folder || !isBeyond(walked.path, after)) continue;
      if (walked.file === undefined) folder = walked.path;
      yield walked;
    }
  }

  /** Yields the entries of a page, from one of its files on. */
  async function* levelOf(files: readonly FileInfo[], from: number): AsyncGenerator<Walked> {
    const begin = Math.max(from, firstIndex(files, (path) => compareUtf8(path, prefix) >= 0));
    for (let at = begin; at < files.length; at++) {
      const file = itemAt(files, at);
      if (!file.path.startsWith(prefix)) return;
      const its = folderIn(file.path);
      // A page within one folder stands for those that are skipped.
      const isFull = isPaged && its !== "" && at === 0 && isWithin(files.at(-1)?.path, its);
      if (!isShown(file) && !isFull) continue;
      await giveWay();
      if (its === "") {
        yield { path: file.path, file };
        continue;
      }
      yield { path: its };
      at = firstIndex(files, (path) => isBeyond(path, its)) - 1;
    }
  }

  /** Returns the folder of the level that a path is in, `""` for none. */
  function folderIn(path: string): string {
    const end = delimiter === "" ? -1 : path.indexOf(delimiter, prefix.length);
    return end < 0 || !path.startsWith(prefix) ? "" : path.slice(0, end + delimiter.length);
  }

  /** True for paths after a file, and for those after all paths in a folder. */
  function isBeyond(path: string, bound: string): boolean {
    if (bound === "") return true;
    return compareUtf8(path, bound) > 0 && !(isFolder(bound) && path.startsWith(bound));
  }

  /** True for a folder of the level: the prefix, and a file that ends with the delimiter, are none. */
  function isFolder(path: string): boolean {
    return path !== "" && folderIn(path) === path;
  }
}

const showAll = () => true;

function isWithin(path: string | undefined, folder: string): boolean {
  return path?.startsWith(folder) ?? false;
}

/** Pages whose entries of a level are kept, and the most entries of one: about 10 MiB together. */
const MOST_PAGES = 4096, MOST_ENTRIES = 16;

/** Entries of pages in levels, which never change: reading a page takes milliseconds of processor. */
const levels = new WeakMap<(file: FileInfo) => boolean, Map<string, readonly Walked[]>>();

/** The first path of a page, and that of the next page. */
interface PageRange {
  first: string;
  next?: string;
}

/** Returns the known entries of the pages of a level. */
function knownLevels(isShown: (file: FileInfo) => boolean, level: string) {
  const all = levels.get(isShown) ?? new Map<string, readonly Walked[]>();
  levels.set(isShown, all);
  const keyOf = ({ first, next }: PageRange) => JSON.stringify([level, first, next]);
  return {
    get: (page: PageRange) => all.get(keyOf(page)),
    set(page: PageRange, entries: readonly Walked[]) {
      if (entries.length > MOST_ENTRIES) return;
      all.set(keyOf(page), entries);
      keepNewest(all, MOST_PAGES);
    },
  };
}

/** Returns false for links and empty folders, which other protocols do not have. */
export function isFile({ mode }: Pick<FileInfo, "mode">): boolean {
  return mode !== "link" && mode !== "folder";
}

/** Returns the file at a path; undefined for none, and for a link or an empty folder. */
export async function fileAt(
  version: { file(path: string): ArtifactFile | Promise<ArtifactFile> },
  path: string,
): Promise<ArtifactFile | undefined> {
  if (path === "") return undefined; // it would be the only file
  try {
    const file = await version.file(path);
    return isFile(file.info) ? file : undefined;
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return undefined;
    throw error;
  }
}

/** Returns whether a folder, with its `/`, has a file in it. */
export async function hasFiles(
  version: Listed,
  folder: string,
  isShown?: (file: FileInfo) => boolean,
): Promise<boolean> {
  for await (const _ of walkFiles(version, { prefix: folder, isShown, ahead: 0 })) return true;
  return false;
}

/** The files of lists that are not in pages, which are sorted: a client asks for many listings. */
const sorted = new WeakMap<readonly FileInfo[], readonly FileInfo[]>();

function sortedFiles({ files }: Artifact["info"]): readonly FileInfo[] {
  const isSorted = () =>
    files.every(({ path }, at) => at === 0 || compareUtf8(itemAt(files, at - 1).path, path) <= 0);
  const known = sorted.get(files) ??
    (isSorted() ? files : sortedByUtf8(files, ({ path }) => path));
  sorted.set(files, known);
  return known;
}

/** Returns the index of the first file that passes a test, as all after it do. */
function firstIndex(files: readonly FileInfo[], test: (path: string) => boolean): number {
  let low = 0, high = files.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(itemAt(files, middle).path)) high = middle;
    else low = middle + 1;
  }
  return low;
}
