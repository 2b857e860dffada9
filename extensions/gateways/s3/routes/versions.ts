// ListObjectVersions: the versions of a file, as the S3 versions of its key.
import {
  compareUtf8,
  inTurns,
  isRegistryError,
  isUnreadable,
  mapAtOnce,
} from "../../../../core/kernel.ts";
import type { Access, AskedVersion } from "../../../../apps/gateways.ts";
import { fileAt } from "../../../../apps/server/extending.ts";
import { parseKey } from "../address.ts";
import { type AskedKeys, type Listed, listKeys } from "../listing.ts";
import type { S3Context } from "../context.ts";

export interface VersionPage {
  items: Listed[];
  next?: { key: string; version?: string };
}

interface AskedVersions extends AskedKeys {
  /** Only versions after this one, of the file in `after`; `latest` for all but the current one. */
  afterVersion?: string;
}

/** Most versions that are read for one page, which may then be short. */
const MOST_READ = 1000;
const AT_ONCE = { concurrency: 8 };

/**
 * Lists files with their version. If the prefix is the key of a file at an address that moves, it
 * lists the file in all versions of the name: first the current one, then all, newest first.
 */
export async function listVersions(
  context: S3Context,
  asked: AskedVersions,
  access: Access,
): Promise<VersionPage> {
  const { prefix, limit, after, afterVersion } = asked;
  const isInside = after === prefix && afterVersion !== undefined;
  const isBefore = compareUtf8(after, prefix) < 0;
  const { items, next }: { items: Listed[]; next?: string } = limit > 0 && (isInside || isBefore)
    ? await versionsOfFile(context, asked, access)
    : { items: [] };
  if (next !== undefined) return { items, next: { key: prefix, version: next } };
  const isListed = items.length > 0 || isInside;
  if (items.length === limit && limit > 0) return { items, next: { key: prefix } };
  const rest = { ...asked, after: isListed ? prefix : after, limit: limit - items.length };
  const page = await listKeys(context, rest, access);
  items.push(...page.items.map((item) => ({ ...item, isLatest: true })));
  return { items, next: page.next === undefined ? undefined : { key: page.next } };
}

/** Returns the versions that the file of a prefix has, and the last one that was read if there may be more. */
async function versionsOfFile(
  { registry, openPages }: S3Context,
  { prefix, limit, afterVersion }: AskedVersions,
  access: Access,
): Promise<{ items: Listed[]; next?: string }> {
  const parts = parseKey(prefix);
  if (parts.kind !== "files" || parts.path === "") return { items: [] };
  const { name, ref, path } = parts;
  const current = await openPages({ name, version: ref }, access).catch((error) => {
    if (!isRegistryError(error, "NotFound", "Invalid")) throw error;
  });
  current?.checkFiles?.();
  const now = current && (await fileAt(current, path))?.info;
  if (current === undefined || now === undefined || ref === current.info.version) {
    return { items: [] };
  }
  const items: Listed[] = afterVersion === undefined
    ? [{ key: prefix, file: now, info: summaryOf(current.info), isLatest: true }]
    : [];
  let last = "latest", read = 0;
  const after = afterVersion === "latest" ? undefined : afterVersion;
  // Their lists of files are read a page at a time: only that of the file.
  const listed = registry.versions(name, { details: true, withoutFiles: true, after });
  const older = mapAtOnce(inTurns(listed), async ({ version, info }) => {
    const isOther = info !== undefined && info.commit !== current.info.commit;
    const file = isOther ? await fileIn({ name, version, commit: info.commit }) : undefined;
    return { version, info, file };
  }, AT_ONCE);
  for await (const { version, info, file } of older) {
    if (items.length === limit || read++ === MOST_READ) return { items, next: last };
    if (file !== undefined) {
      items.push({ key: prefix, file, info: summaryOf(info!), isLatest: false });
    }
    last = version;
  }
  return { items };

  /** Returns the file of a version; undefined if it is not there, damaged, or hidden. */
  async function fileIn(asked: AskedVersion): Promise<Listed["file"]> {
    try {
      return (await fileAt(await openPages(asked, access), path))?.info;
    } catch (error) {
      const isLeftOut = isRegistryError(error, "NotFound", "Conflict", "Denied");
      if (!isLeftOut && !isUnreadable(error)) throw error;
    }
  }
}

/** Returns what an answer has of a version: a page of them would hold the files of each. */
function summaryOf(
  { commit, createdAt, version }: NonNullable<Listed["info"]>,
): Listed["info"] {
  return { commit, createdAt, version };
}
