// ListObjectVersions: the versions of a file, as the S3 versions of its key.
import { compareUtf8 } from "../../../core/kernel.ts";
import type { ArtifactInfo } from "../../../mod.ts";
import type { Access } from "../../../apps/server/extending.ts";
import { parseKey } from "../address.ts";
import { type AskedKeys, isObject, type KeyPage, type Listed, listKeys } from "../listing.ts";
import type { S3Context } from "../context.ts";

export interface ListedVersion extends Listed {
  info?: ArtifactInfo;
  isLatest?: boolean;
}

export interface VersionPage {
  items: ListedVersion[];
  next?: { key: string; commit?: string };
}

interface AskedVersions extends AskedKeys {
  /** Only versions after the one with this commit, of the file in `after`. */
  afterCommit?: string;
}

/** Versions that are read for one file. */
const MOST_READ = 1000;

/**
 * Lists files with their version. If the prefix is the key of a file in `@latest`, it lists the file
 * in all versions of the name, newest first.
 */
export async function listVersions(
  context: S3Context,
  asked: AskedVersions,
  access: Access,
): Promise<VersionPage> {
  const { prefix, limit, after, afterCommit } = asked;
  const isInside = after === prefix && afterCommit !== undefined;
  const { items, isMore } = await versionsOfFile(context, { ...asked, isInside }, access);
  if (isMore) return { items, next: { key: prefix, commit: items.at(-1)?.info?.commit } };
  const isListed = items.length > 0 || isInside;
  const rest = { ...asked, after: isListed ? prefix : after, limit: limit - items.length };
  const page: KeyPage = rest.limit === 0 ? { items: [] } : await listKeys(context, rest, access);
  items.push(...page.items.map((item) => ({ ...item, info: page.info, isLatest: true })));
  return { items, next: page.next === undefined ? undefined : { key: page.next } };
}

/** Returns the versions that the file of a prefix has; none of another prefix. */
async function versionsOfFile(
  { registry }: S3Context,
  { prefix, limit, after, afterCommit, isInside }: AskedVersions & { isInside: boolean },
  access: Access,
): Promise<{ items: ListedVersion[]; isMore: boolean }> {
  const items: ListedVersion[] = [];
  const parts = parseKey(prefix);
  const isFile = parts.kind === "files" && parts.ref === "latest" && parts.path !== "";
  if (!isFile || !isInside && compareUtf8(after, prefix) >= 0) return { items, isMore: false };
  access.check("read", parts.name);
  let isAfter = !isInside, isLatest = true;
  for await (const { info } of registry.versions(parts.name, { details: true, limit: MOST_READ })) {
    const file = info?.files.find(({ path }) => path === parts.path);
    if (isLatest && file === undefined) break; // it is not a file of the latest version
    if (isAfter && info !== undefined && file !== undefined && isObject(file)) {
      if (items.length === limit) return { items, isMore: true };
      items.push({ key: prefix, file, info, isLatest });
    }
    isAfter ||= info?.commit === afterCommit;
    isLatest = false;
  }
  return { items, isMore: false };
}
