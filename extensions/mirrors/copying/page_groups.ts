// The files of a version whose list is in pages, some pages at a time.
import { compareUtf8, itemAt, sha256 } from "../../../core/kernel.ts";
import type { StoredFile } from "../../../registry/extending.ts";
import { placeOf, type Records } from "../../../registry/records.ts";

/**
 * A group of pages ends before one whose first path has a SHA-256 that is a multiple of this number,
 * so that the next version has the same groups, and the objects of one are used by no other.
 */
const GROUP_PAGES = 32;
const LEAST_PAGES = GROUP_PAGES / 4, MOST_PAGES = GROUP_PAGES * 2;

/** Yields the files of some pages at a time, in the order of their bytes. */
export async function* groupsOf(list: ReturnType<Records["files"]>): AsyncGenerator<StoredFile[]> {
  let group: StoredFile[] = [];
  let pages = 0;
  for await (const files of list.slices({ ahead: 1 })) {
    const head = Number.parseInt(sha256(itemAt(files, 0).path).slice(8, 16), 16);
    const ends = pages >= MOST_PAGES || (pages >= LEAST_PAGES && head % GROUP_PAGES === 0);
    if (ends) {
      yield group.sort(byPlace);
      group = [];
      pages = 0;
    }
    group = group.concat(files);
    pages++;
  }
  yield group.sort(byPlace);
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
