// Listing: the tree of folders, walked in the order of whole keys.
import type { ListOptions, ObjectInfo, Prefix } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import type { System } from "../../core/system.ts";
import { lookInto, readFolder } from "../../core/disk/disk_calls.ts";
import { errorCode } from "../../core/disk/file_errors.ts";
import { linkError } from "./own_files.ts";
import { statObject } from "./root.ts";
import type { LocalRoot } from "./root.ts";

/** What is in a folder. */
interface Entry {
  /** Its path: of a folder with `/` behind it, and of a link, which is taken for one. */
  path: string;
  /** Its key, or what the keys below it begin with. */
  text: string;
  /** Where it is in the order of keys. */
  order: string;
  /** What is behind a link is neither listed nor taken to be absent. */
  isLink: boolean;
}

/** Options of {@linkcode listObjects}. */
export interface ObjectListOptions
  extends Pick<ListOptions, "after" | "delimiter" | "heads" | "except"> {
  /** The folders in which nothing was found but what may be left out. */
  passed?: PassedFolders;
}

/** The objects whose key begins with `prefix`, in order. Reads a folder only when its first entry is asked for. */
export function* listObjects(
  root: LocalRoot,
  prefix: string,
  { after = "", delimiter, heads = false, except, passed }: ObjectListOptions,
): Generator<ObjectInfo | Prefix> {
  let given = "", cell = "";
  let living = 0, newest = 0; // how many may not be left out; the time of the newest in a folder that may
  const mayLeaveOut = heads && delimiter === undefined ? except : undefined;
  yield* walk(root.folderOf(prefix), false);

  function* walk(folder: string, inside: boolean): Generator<ObjectInfo | Prefix> {
    const visit = mayLeaveOut && inside
      ? passed?.visit(root.pathOf(folder), mayLeaveOut)
      : undefined;
    if (visit?.lastCell !== undefined) {
      cell = visit.lastCell;
      return;
    }
    const entries = readEntries(root, folder, inside);
    const wanted = entries.filter(isWanted);
    const before = { cell, living };
    newest = 0;
    yield* walkEntries(wanted);
    if (visit === undefined || living > before.living) return;
    // A folder that only goes on with a cell says nothing of its own: the head before it may be removed.
    if (cell !== before.cell && wanted.length === entries.length && entries.every(isFile)) {
      visit.pass(cell, newest);
    }
  }

  function* walkEntries(entries: Entry[]): Generator<ObjectInfo | Prefix> {
    for (const entry of inOrder(entries)) {
      const group = groupOf(entry.text);
      if (group !== undefined) {
        if (group === given || !holdsObject(root, entry)) continue;
        given = group;
        yield { prefix: group };
      } else if (entry.isLink) {
        throw linkError(
          { key: entry.text.replace(/\/$/, ""), backend: root.location },
          root.pathOf(entry.path.slice(0, -1)),
        );
      } else if (entry.path.endsWith("/")) {
        yield* walk(entry.path, true);
      } else {
        const its = cellOf(entry.text);
        if (heads && its !== "" && its === cell || !root.isPlaceOf(entry.text, entry.path)) {
          continue;
        }
        const info = statObject(root, entry.text, root.pathOf(entry.path));
        if (info === undefined) continue; // removed since the folder was read
        cell = its;
        if (mayLeaveOut?.(info)) {
          newest = Math.max(newest, info.modifiedAt);
        } else {
          living++;
          yield info;
        }
      }
    }
  }

  function isWanted({ path, text }: Entry): boolean {
    const isFolder = path.endsWith("/");
    if (!text.startsWith(prefix) && !(isFolder && prefix.startsWith(text))) return false;
    if (after === "") return true;
    const group = groupOf(text);
    if (group !== undefined || !isFolder || !after.startsWith(text)) {
      return compareUtf8(group ?? text, after) > 0;
    }
    return text.endsWith("/") || !after.startsWith("~", text.length); // its keys go on with a digit or a letter
  }

  /** The group of keys that this is in, where they are folded. */
  function groupOf(text: string): string | undefined {
    if (delimiter === undefined) return undefined;
    const end = text.indexOf(delimiter, prefix.length);
    return end < 0 ? undefined : text.slice(0, end + 1);
  }
}

/** @param inside whether the folder was just found, as a folder, in one that was checked */
function readEntries(root: LocalRoot, folder: string, inside: boolean): Entry[] {
  const { layout } = root;
  const path = root.pathOf(folder);
  const entries: Entry[] = [];
  const common = layout.textOf(folder);
  const tailOf = layout.tailsIn(folder);
  try {
    if (!inside) root.ways.check(path.replace(/\/$/, ""));
    for (const { name, isDirectory, isSymlink: isLink } of readFolder(path)) {
      if (folder === "" && name.startsWith(".")) continue; // stage files and the lock
      const isFolder = isDirectory || isLink;
      const own = isFolder ? `${name}/` : name;
      const text = common + tailOf(own);
      const isWithin = isFolder && !text.endsWith("/"); // its keys go on with a digit, or a letter
      entries.push({ path: folder + own, text, order: isWithin ? `${text}0` : text, isLink });
    }
  } catch (error) {
    if (!root.isMissing(error)) throw root.failure(error, { action: "list", key: folder });
  }
  return entries;
}

function isFile({ path, isLink }: Entry): boolean {
  return !path.endsWith("/") && !isLink;
}

/** A key up to its last `/`. */
function cellOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/") + 1);
}

/** A folder may be empty: its last object was just removed, or its first is not there yet. */
function holdsObject(root: LocalRoot, entry: Entry): boolean {
  if (entry.isLink) return true;
  if (!entry.path.endsWith("/")) return root.isPlaceOf(entry.text, entry.path);
  return readEntries(root, entry.path, true).some((inside) => holdsObject(root, inside));
}

/** These in order. Most callers want the first only: sorts when a third is asked for. */
function* inOrder(entries: Entry[]): Generator<Entry> {
  const first = smallest(entries);
  if (first === undefined) return;
  yield first;
  const second = smallest(entries, first);
  if (second === undefined) return;
  yield second;
  yield* entries.filter((entry) => entry !== first && entry !== second).sort(compareEntries);
}

function smallest(entries: Entry[], other?: Entry): Entry | undefined {
  let least: Entry | undefined;
  for (const entry of entries) {
    if (entry !== other && (least === undefined || compareEntries(entry, least) < 0)) least = entry;
  }
  return least;
}

function compareEntries(a: Entry, b: Entry): number {
  return compareUtf8(a.order, b.order);
}

/** The folders whose every object may be left out of listings of heads: they are passed by while they do not change. */
export interface PassedFolders {
  /** Before a folder is read for a listing that may leave these out. */
  visit(path: string, except: NonNullable<ListOptions["except"]>): FolderVisit;
}

/** One look at a folder. */
interface FolderVisit {
  /** Of its last object, up to the last `/`, where all may be left out as they could before. */
  lastCell?: string;
  /** Remembers that all that was read may be left out; the newest of it has this time. */
  pass(lastCell: string, newest: number): void;
}

/** What the file system says of a folder. */
interface FolderLook {
  /** What differs after each change of what is in it. */
  stamp: string;
  /** Its change time. */
  changedAt: number;
}

/** What is remembered of a folder. */
interface PassedFolder extends FolderLook {
  /** Since when it says so, by the own clock. */
  since: number;
  /** What may be left out. */
  except: unknown;
  /** See {@linkcode FolderVisit}; undefined where it was read too early. */
  lastCell?: string;
}

/** A folder takes some 400 bytes. */
const MAX_PASSED = 20_000;
const FORGET_MS = 3_600_000;
/** A folder that changes again within the grain of its time looks as if it had not: the coarsest is two seconds. */
const GRAIN_MS = 2_000;

/**
 * Remembers folders, and where there are too many those that came first, for an hour. One that has looked the same for
 * longer than the grain of its time, by the own clock, looks different after whatever comes: so the clocks of file
 * servers, and whoever sets one, do not matter.
 */
export function createPassedFolders(
  { monotonic }: Pick<System, "monotonic">,
  { max = MAX_PASSED }: { max?: number } = {},
): PassedFolders {
  const passed = new Map<string, PassedFolder>();
  let forgottenAt = monotonic();
  return {
    visit(path, except) {
      let known = passed.get(path);
      const start = known === undefined ? 0 : monotonic();
      if (known !== undefined && (known.except !== except || known.stamp !== lookAt(path)?.stamp)) {
        passed.delete(path);
        known = undefined;
      }
      return {
        lastCell: known?.lastCell,
        pass(lastCell, newest) {
          const folder = known ?? remember(path, except);
          if (folder === undefined || start - folder.since < GRAIN_MS) return;
          if (newest <= folder.changedAt + GRAIN_MS) folder.lastCell = lastCell; // else what came did not change its time
        },
      };
    },
  };

  /** Looks at a folder after it was read, so that one with living objects is never looked at. */
  function remember(path: string, except: unknown): PassedFolder | undefined {
    const found = hasRoom() ? lookAt(path) : undefined;
    if (found === undefined) return undefined;
    const folder = { ...found, since: monotonic(), except };
    passed.set(path, folder);
    return folder;
  }

  /** Forgets only now and then: whoever walks through more folders than fit would never find one again. */
  function hasRoom(): boolean {
    if (passed.size >= max && monotonic() - forgottenAt >= FORGET_MS) {
      passed.clear(); // also those that are there no more
      forgottenAt = monotonic();
    }
    return passed.size < max;
  }
}

/** What is wrong with a folder that cannot be looked at is told by reading it. */
function lookAt(path: string): FolderLook | undefined {
  try {
    const { identity, changedAt, modifiedAt } = lookInto(path);
    return { stamp: `${identity} ${changedAt} ${modifiedAt}`, changedAt };
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined;
  }
}
