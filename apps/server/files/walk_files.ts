// Walks of the files of a version in the order of their paths, level by level: what listings of other
// protocols need. Of a list in pages, it reads those that may have entries of the level.
import { compareUtf8, sortedByPath } from "../../../core/bytes/bytes.ts";
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
import { firstFile, isWithin, Level, type Walked } from "./level.ts";

export type { Walked };

/** @internal */
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

/** @internal */
type Listed = Pick<PagedArtifact, "pages"> & {
  info: Pick<PagedArtifact["info"], "files"> & { commit?: string };
};

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
  options: WalkOptions,
): AsyncGenerator<Walked> {
  const { prefix = "", delimiter = "", from: least = "", after = "", ahead } = options;
  const { isShown = showAll } = options;
  const level = new Level(prefix, delimiter);
  const isPaged = info.files === undefined;
  // Of a walk that goes on within a folder, only its files tell whether the folder follows.
  const isWhole = level.folderOf(after) === "" || level.isFolder(after);
  const known = isPaged && isWhole && delimiter !== "" && info.commit !== undefined
    ? knownLevels(isShown, JSON.stringify([info.commit, prefix, delimiter]))
    : undefined;
  const passed = new PassedPages(level, { after, known });
  let folder = "";
  const from: PagesOptions = {
    after: [prefix, least].reduce(
      (a, b) => compareUtf8(a, b) > 0 ? a : b,
      level.isFolder(after) ? after + LAST : after,
    ),
    ahead,
    skip: (page) => passed.take(page),
  };
  for await (const page of pages(from)) {
    await giveWay(); // also for a walk that finds nothing: a request may begin thousands
    const files = isPaged ? page.info.files : sortedFiles(page.info);
    const first = files[0]?.path ?? "";
    yield* following(passed.before(first));
    if (known !== undefined) {
      const entries = await Array.fromAsync(level.entries(files, { isPaged, isShown }));
      passed.keep(first, entries);
      yield* following(entries);
      continue;
    }
    const isAhead = (path: string) =>
      compareUtf8(path, prefix) >= 0 && compareUtf8(path, least) >= 0 &&
      level.isBeyond(path, after) && level.isBeyond(path, folder);
    const from = firstFile(files, isAhead);
    for await (const walked of level.entries(files, { isPaged, isShown, from })) {
      if (walked.file === undefined) folder = walked.path;
      yield walked;
    }
  }
  yield* following(passed.before());

  /** Yields those of a level that follow the ones before. */
  function* following(entries: readonly Walked[]): Generator<Walked> {
    for (const walked of entries) {
      if (walked.path === folder || !level.isBeyond(walked.path, after)) continue;
      if (walked.file === undefined) folder = walked.path;
      yield walked;
    }
  }
}

/** Pages that a walk did not read, because their entries are known or those of another stand for them. */
class PassedPages {
  readonly #level: Level;
  readonly #after: string;
  readonly #known?: ReturnType<typeof knownLevels>;
  /** The first paths of the pages that follow pages, by the first paths of these. */
  readonly #ends = new Map<string, string | undefined>();
  readonly #passed: { first: string; entries: readonly Walked[] }[] = [];

  constructor(
    level: Level,
    { after, known }: { after: string; known?: ReturnType<typeof knownLevels> },
  ) {
    this.#level = level;
    this.#after = after;
    this.#known = known;
  }

  /** Returns true for a page that need not be read, and keeps its entries. */
  take({ before, first, next }: Parameters<NonNullable<PagesOptions["skip"]>>[0]): boolean {
    if (this.#level.isPast(first)) return true;
    const its = this.#level.folderOf(first);
    // The page before stands for this one only if the walk does not begin within it.
    const isBefore = before === undefined || compareUtf8(before, this.#after) <= 0;
    if (!isBefore && its !== "" && isWithin(before, its) && isWithin(next, its)) return true;
    // A page of pages begins with the same path as its first page, and ends elsewhere.
    this.#ends.set(first, next);
    const entries = this.#known?.get({ first, next });
    if (entries !== undefined) this.#passed.push({ first, entries });
    return entries !== undefined;
  }

  /** Keeps the entries of a page that was read. */
  keep(first: string, entries: readonly Walked[]): void {
    if (this.#ends.has(first)) this.#known?.set({ first, next: this.#ends.get(first) }, entries);
  }

  /** Takes the entries of the pages before one; without a page, of all. */
  before(first?: string): Walked[] {
    const isAt = (each: { first: string }) =>
      first !== undefined && compareUtf8(each.first, first) >= 0;
    const end = this.#passed.findIndex(isAt);
    return this.#passed.splice(0, end < 0 ? this.#passed.length : end)
      .flatMap(({ entries }) => entries);
  }
}

const showAll = () => true;

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
    (isSorted() ? files : sortedByPath(files));
  sorted.set(files, known);
  return known;
}
