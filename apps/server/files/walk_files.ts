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

type Listed = Pick<PagedArtifact, "pages"> & { info: Pick<PagedArtifact["info"], "files"> };

/** A file, or a folder with its delimiter. */
export type Walked = { path: string; file: FileInfo } | { path: string; file?: undefined };

/** Pages that are read ahead of a level, whose folders may each begin in another page. */
const AHEAD = 7;
/** After all strings that begin with the one before it. */
const LAST = "\u{10ffff}";

/** Yields files and folders by the bytes of their paths. */
export async function* walkFiles(
  { info, pages }: Listed,
  {
    prefix = "",
    delimiter = "",
    from: least = "",
    after = "",
    ahead = delimiter === "" ? 1 : AHEAD,
    isShown = () => true,
  }: WalkOptions = {},
): AsyncGenerator<Walked> {
  const isPast = (path: string) => !path.startsWith(prefix) && compareUtf8(path, prefix) > 0;
  const begin = isFolder(after) ? after + LAST : after;
  const isPaged = info.files === undefined;
  let folder = "";
  const from: PagesOptions = {
    after: [prefix, least].reduce((a, b) => compareUtf8(a, b) > 0 ? a : b, begin),
    ahead,
    skip: ({ before, first, next }) => {
      if (isPast(first)) return true;
      const its = folderIn(first);
      // The page before stands for this one only if the walk does not begin within it.
      if (before === undefined || compareUtf8(before, after) <= 0) return false;
      return its !== "" && isWithin(before, its) && isWithin(next, its);
    },
  };
  for await (const page of pages(from)) {
    const files = isPaged ? page.info.files : sortedFiles(page.info);
    const isAhead = (path: string) =>
      compareUtf8(path, prefix) >= 0 && compareUtf8(path, least) >= 0 && isBeyond(path, after) &&
      isBeyond(path, folder);
    for (let at = firstIndex(files, isAhead); at < files.length; at++) {
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
      folder = its;
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

function isWithin(path: string | undefined, folder: string): boolean {
  return path?.startsWith(folder) ?? false;
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
  const known = sorted.get(files) ?? sortedByUtf8(files, ({ path }) => path);
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
