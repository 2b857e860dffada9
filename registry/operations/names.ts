// Listing names. The records of several names come with one request, so names are read from their
// records. A name whose records fill a page hides the next ones: then some names are listed as
// folders, and each is asked for a version, at the same time. On a disk, see names_on_disk.ts.
import { isPrefix } from "../../core/backend.ts";
import { checkName } from "../../core/naming/names.ts";
import type { NamesOptions } from "../../core/registry.ts";
import { mapAtOnce } from "../../core/work/at_once.ts";
import { anyVersion, headIn } from "../cell/heads.ts";
import { afterFolder, nameFolder, NAMES, namesPrefix, parseCellKey } from "../format/layout.ts";
import type { Context } from "./context.ts";

/** Entries of a list in one request to a bucket. */
const PAGE = 1000;
/** Maximum number of names that are asked for a version at once. */
const MOST_ASKED = 16;

export async function* listNames(
  context: Context,
  { prefix = "", after, limit = Infinity, signal }: NamesOptions = {},
): AsyncGenerator<string> {
  if (limit <= 0) return;
  if (after !== undefined) checkName(after);
  const next = after && afterFolder(nameFolder(after));
  const listing: Listing = { prefix: namesPrefix(prefix), next, signal };
  let count = 0, ahead = 1, isFolders = false;
  const { folders } = context.backend.disk ?? {};
  if (folders !== undefined) {
    const { namesOnDisk } = await import("./look/names_on_disk.ts");
    for await (const some of namesOnDisk(context, folders, listing)) {
      for (const name of some) {
        yield name;
        if (++count >= limit) return;
      }
    }
    return;
  }
  do {
    const before = count;
    const names = isFolders
      ? namesOfFolders(context, listing, Math.min(ahead, limit - count))
      : namesOfRecords(context, listing);
    for await (const name of names) {
      yield name;
      if (++count >= limit) return;
    }
    const isDense = count - before > 1 || listing.isWithin;
    if (!isFolders) ahead = isDense ? 1 : Math.min(2 * ahead, MOST_ASKED);
    isFolders = !isFolders && !isDense;
  } while (listing.next !== undefined);
}

interface Listing {
  /** The beginning of all keys. */
  prefix: string;
  /** A key to begin after, then one to go on after; absent at the end. */
  next?: string;
  /** True if `next` is in a name that may still have a version. */
  isWithin?: boolean;
  signal?: AbortSignal;
}

/** Yields names from their records, until a new request can skip the rest of a name. */
async function* namesOfRecords(
  { backend }: Pick<Context, "backend">,
  listing: Listing,
): AsyncGenerator<string> {
  const { prefix, next: after, signal } = listing;
  let entries = 0, folder = "", cell = "", isListed = false;
  listing.next = undefined;
  for await (const entry of backend.list(prefix, { after, signal })) {
    if (isPrefix(entry)) continue;
    const { key } = entry;
    if (!key.startsWith(folder) || folder === "") {
      folder = key.slice(0, key.indexOf("/", NAMES.length) + 1);
      isListed = false;
    }
    entries++;
    const record = isListed || cell !== "" && key.startsWith(cell) ? undefined : parseCellKey(key);
    if (record?.kind === "version") {
      cell = record.cell;
      isListed = !headIn(entry)!.dead;
      if (isListed) yield record.name;
    }
    if (entries % PAGE !== 0 || folder === "") continue;
    // aliases and idempotency keys precede versions
    const next = isListed ? afterFolder(folder) : `${folder}versions/`;
    if (key >= next) continue;
    listing.next = next;
    listing.isWithin = !isListed;
    return;
  }
}

/** Yields the next names, at most `count`, if each has a version. */
async function* namesOfFolders(
  context: Context,
  listing: Listing,
  count: number,
): AsyncGenerator<string> {
  const { prefix, next: after, signal } = listing;
  const options = { after, delimiter: "/", limit: count, signal } as const;
  const entries = await Array.fromAsync(context.backend.list(prefix, options));
  const folders = entries.map((entry) => isPrefix(entry) ? entry.prefix : entry.key);
  const last = folders[count - 1];
  listing.next = last && (last.endsWith("/") ? afterFolder(last) : last);
  for await (const name of mapAtOnce(folders, nameIn)) if (name !== undefined) yield name;

  async function nameIn(folder: string): Promise<string | undefined> {
    if (!folder.endsWith("/")) return undefined; // a foreign file
    const head = await anyVersion(context, folder, signal);
    return head && parseCellKey(head.key)?.name;
  }
}
