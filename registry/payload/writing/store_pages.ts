// Stores a long list of files in pages. Pages that the base has are shared with it.
import { sha256 } from "../../../core/bytes/digest.ts";
import { invalid, isRegistryError } from "../../../core/errors.ts";
import { itemAt } from "../../../core/faults/present.ts";
import type { FilePage, StoredFile, VersionRecord } from "../../../core/record.ts";
import { mapAtOnce } from "../../../core/work/at_once.ts";
import { FileList, GoneList } from "../../cell/file_list.ts";
import { allParts, placeOf } from "../../cell/objects.ts";
import type { Store } from "../../cell/store.ts";
import {
  dividedFiles,
  dividedPages,
  encodePage,
  MAX_PAGE_BYTES,
  type PageLimits,
  type PageToStore,
} from "../../format/file_pages.ts";
import { payloadKey } from "../../format/layout.ts";
import type { Base } from "../base.ts";

interface PagesPlace {
  store: Store;
  action: string;
  folder: { put(bytes: Uint8Array): Promise<number> };
  base?: Base;
  limits: PageLimits;
  signal?: AbortSignal;
}

interface StoredPages {
  fileList: VersionRecord["fileList"];
  /** Keys of the pages of other versions. */
  shared: string[];
  /** True if a file is stored by values. */
  hasValues: boolean;
}

/** Stores the list of the files of a save, sorted by path, whose own parts have no `from`. */
export async function storePages(
  slices: AsyncIterable<readonly StoredFile[]>,
  place: PagesPlace,
): Promise<StoredPages> {
  const { base, limits } = place;
  const earlier = await pagesOf(place);
  const shared = new Set<string>();
  let hasValues = false;
  const storeOne = async (some: readonly StoredFile[]) => {
    hasValues ||= some.some(({ values }) => values);
    const page = await sharedPage(some, earlier, place);
    if (page === undefined) return await storePage(encodePage(some), place);
    shared.add(keyOf(page, base!));
    return page;
  };
  const divided = dividedFiles(slices, limits);
  let pages = await Array.fromAsync(mapAtOnce(divided, storeOne));
  if (shared.size > 0) base!.isShared = true;
  let levels = 0;
  do {
    const above = dividedPages(pages, limits);
    pages = await Array.fromAsync(mapAtOnce(above, (page) => storePage(page, place)));
    levels++;
  } while (pages.length > 1);
  const { object, size, sha256, files: count } = itemAt(pages, 0);
  const fileList = { object, size, sha256, levels, files: count };
  return { fileList, shared: [...shared], hasValues };
}

/** Returns the pages of the base by their first path, if they can be shared. */
async function pagesOf(
  { store, base, action, signal }: PagesPlace,
): Promise<Map<string, FilePage>> {
  if (base === undefined || !base.lends) return new Map();
  try {
    const pages = await new FileList(store, base.record, { signal }).pages();
    return new Map(pages.map((page) => [page.first, page]));
  } catch (error) {
    if (!(error instanceof GoneList) && !isRegistryError(error, "Corrupt")) throw error;
    store.logger.warn(`${action}: shares no pages with the latest version: ${error.message}`);
    return new Map();
  }
}

/** Returns the page of the base that has exactly these files at these places, if it is there. */
async function sharedPage(
  files: readonly StoredFile[],
  earlier: ReadonlyMap<string, FilePage>,
  { store, base, signal }: PagesPlace,
): Promise<FilePage | undefined> {
  const page = earlier.get(itemAt(files, 0).path);
  if (page === undefined || page.files !== files.length || page.offset !== undefined) return;
  if (files.some((file) => allParts(file).some((part) => placeOf(file, part) === undefined))) {
    return;
  }
  const { content } = encodePage(files, page.from);
  if (content.byteLength !== page.size || sha256(content) !== page.sha256) return;
  const info = await store.backend.head(keyOf(page, base!), { signal });
  return info?.size === page.size ? page : undefined; // a lost one is stored again
}

function keyOf({ from, object }: FilePage, { record }: Base): string {
  return payloadKey(record.name, from!, object);
}

async function storePage(
  { content, ...facts }: PageToStore,
  { action, folder }: PagesPlace,
): Promise<FilePage> {
  const size = content.byteLength;
  if (size > MAX_PAGE_BYTES) {
    const state = `a page of its list of files has ${size} bytes, the limit is ${MAX_PAGE_BYTES}`;
    throw invalid(action, undefined, state, { hint: "Use shorter paths." });
  }
  return { ...facts, object: await folder.put(content), size, sha256: sha256(content) };
}
