// Listings of keys, level by level: names, the refs of a name, the files of a version.
import {
  compareUtf8,
  isRegistryError,
  itemAt,
  nameProblem,
  type Registry,
  shown,
} from "../../core/kernel.ts";
import type { ArtifactInfo } from "../../mod.ts";
import { readableNames } from "../../apps/server/extending.ts";
import type { Access, GatewayContext } from "../../apps/server/extending.ts";
import { type KeyParts, parseKey } from "./address.ts";
import { s3Error } from "./s3_error.ts";

type FileInfo = ArtifactInfo["files"][number];
type FilesKey = Extract<KeyParts, { kind: "files" }>;

export interface AskedKeys {
  prefix: string;
  delimiter: string;
  /** Only keys and prefixes after this one, which may be a prefix of a page before. */
  after: string;
  limit: number;
  /** The version of the pages before. */
  version?: ExactVersion;
}

export interface ExactVersion {
  version: string;
  commit: string;
}

/** A file, or a common prefix of keys. */
export interface Listed {
  key: string;
  file?: FileInfo;
}

export interface KeyPage {
  items: Listed[];
  /** The last item, if there are more. */
  next?: string;
  /** The version of files. */
  info?: ArtifactInfo;
}

/** Names and refs that one listing goes through. */
const MOST_WALKED = 100_000;

/** Lists keys with a prefix. */
export async function listKeys(
  { registry, openVersion }: Pick<GatewayContext, "registry" | "openVersion">,
  asked: AskedKeys,
  access: Access,
): Promise<KeyPage> {
  const { prefix, delimiter, limit } = asked;
  const parts = parseKey(prefix);
  if (parts.kind === "files") {
    const info = await infoOf(parts);
    return info === undefined ? { items: [] } : { ...filesPage(info, parts, asked), info };
  }
  if (delimiter !== "/") throw isFlat(prefix);
  const level = new Level(asked.after, limit);
  if (parts.kind === "refs") {
    access.check("read", parts.name);
    for await (const ref of refsOf(registry, parts.name)) {
      if (ref.startsWith(parts.prefix)) level.add(`${parts.root}${ref}/`);
    }
  } else {
    for await (const name of readableNames(registry, access, { prefix })) {
      const slash = name.indexOf("/", prefix.length);
      level.add(`${slash < 0 ? name : name.slice(0, slash)}/`);
    }
    const name = prefix.slice(0, -1);
    if (prefix.endsWith("/") && access.may("read", name)) {
      for await (const ref of refsOf(registry, name)) level.add(`${prefix}@${ref}/`);
    }
  }
  return level.page();

  async function infoOf({ name, ref }: FilesKey): Promise<ArtifactInfo | undefined> {
    try {
      const artifact = await openVersion({ name, version: ref, ...asked.version }, access);
      artifact.checkFiles?.();
      return artifact.info;
    } catch (error) {
      // Of keys that cannot exist, a listing is empty. One that has begun must not end early.
      const isBegun = asked.version !== undefined;
      if (!isBegun && isRegistryError(error, "NotFound", "Invalid")) return undefined;
      throw error;
    }
  }
}

/** Yields the refs of a name that has a version. */
async function* refsOf(registry: Registry, name: string): AsyncGenerator<string> {
  if (nameProblem(name) !== undefined) return;
  let isFirst = true;
  for await (const { version } of registry.versions(name)) {
    if (isFirst) yield "latest";
    isFirst = false;
    yield version;
  }
  if (isFirst) return;
  for await (const { alias } of registry.aliases(name)) yield alias;
}

/** The smallest prefixes after one, of any number that come in any order. */
class Level {
  readonly #after: string;
  readonly #limit: number;
  #prefixes = new Set<string>();
  #count = 0;

  constructor(after: string, limit: number) {
    this.#after = after;
    this.#limit = limit;
  }

  add(prefix: string): void {
    if (++this.#count > MOST_WALKED) {
      throw s3Error(400, "InvalidRequest", {
        action: "list",
        state: `there are more than ${MOST_WALKED} names or versions`,
        hint: "List with a longer prefix.",
      });
    }
    if (compareUtf8(prefix, this.#after) <= 0) return;
    this.#prefixes.add(prefix);
    if (this.#prefixes.size > 2 * this.#limit + 1000) this.#prefixes = new Set(this.#smallest());
  }

  page(): KeyPage {
    const keys = this.#smallest();
    const items = keys.slice(0, this.#limit).map((key) => ({ key }));
    return { items, next: keys.length > items.length ? items.at(-1)?.key : undefined };
  }

  /** Returns as many as a page has, and one more. */
  #smallest(): string[] {
    return [...this.#prefixes].sort(compareUtf8).slice(0, this.#limit + 1);
  }
}

/** The files of versions in memory, by the bytes of their paths: a client asks for many pages. */
const sorted = new WeakMap<ArtifactInfo["files"], readonly FileInfo[]>();

/** Returns the files that have a key. S3 has no links and no folders. */
function filesOf({ files }: Pick<ArtifactInfo, "files">): readonly FileInfo[] {
  const known = sorted.get(files) ??
    files.filter(isObject).sort((a, b) => compareUtf8(a.path, b.path));
  sorted.set(files, known);
  return known;
}

export function isObject({ mode }: Pick<FileInfo, "mode">): boolean {
  return mode !== "link" && mode !== "folder";
}

function filesPage(
  info: ArtifactInfo,
  { root, path: prefix }: FilesKey,
  { delimiter, after: afterKey, limit }: AskedKeys,
): KeyPage {
  const items: Listed[] = [];
  const isInside = afterKey.startsWith(root);
  if (!isInside && compareUtf8(afterKey, root) > 0) return { items };
  const after = isInside ? afterKey.slice(root.length) : "";
  const files = filesOf(info);
  const isListed = (path: string) => compareUtf8(path, prefix) >= 0 && isBeyond(path, after);
  for (let at = firstIndex(files, isListed); at < files.length; at++) {
    const file = itemAt(files, at);
    if (!file.path.startsWith(prefix)) break;
    if (items.length === limit) return { items, next: items.at(-1)?.key };
    const end = delimiter === "" ? -1 : file.path.indexOf(delimiter, prefix.length);
    if (end < 0) items.push({ key: root + file.path, file });
    else {
      const folder = file.path.slice(0, end + delimiter.length);
      items.push({ key: root + folder });
      at = firstIndex(files, (path) => isBeyond(path, folder)) - 1;
    }
  }
  return { items };

  /** True for paths after a file, and for those after all paths in a folder. */
  function isBeyond(path: string, bound: string): boolean {
    const isFolder = delimiter !== "" && bound.endsWith(delimiter);
    return bound === "" || compareUtf8(path, bound) > 0 && !(isFolder && path.startsWith(bound));
  }
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

function isFlat(prefix: string): Error {
  return s3Error(400, "InvalidRequest", {
    action: `list all keys that begin with ${shown(prefix)}`,
    state: "each file would be listed once for each of its versions and aliases",
    hint: "List with the delimiter /, or below a version: NAME/@VERSION/.",
  });
}
