// Listings of keys, level by level: names, the refs of a name, the files of a version. Names and refs
// come in the order in which the registry lists them, so that a page costs what it shows.
import {
  compareUtf8,
  encodeName,
  inTurns,
  isRegistryError,
  nameProblem,
  parseRef,
  shown,
} from "../../../core/kernel.ts";
import type { ArtifactInfo, Registry } from "../../../mod.ts";
import { isFile, readableNames, walkFiles } from "../../../apps/server/extending.ts";
import type { Access, GatewayContext, ReadablePages } from "../../../apps/gateways.ts";
import { type KeyParts, parseKey } from "./address.ts";
import { s3Error, wrongArgument } from "./s3_error.ts";

type FileInfo = ArtifactInfo["files"][number];
type FilesKey = Extract<KeyParts, { kind: "files" }>;

export interface AskedKeys {
  prefix: string;
  delimiter: string;
  /** Only keys and prefixes after this one, which may be a prefix of a page before. */
  after: string;
  limit: number;
  /** The version of the pages before. */
  version?: { version: string; commit: string };
}

/** A file, or a common prefix of keys. */
export interface Listed {
  key: string;
  file?: FileInfo;
  /** The version of a file, without its list of files. */
  info?: Pick<ArtifactInfo, "commit" | "createdAt" | "version">;
  isLatest?: boolean;
}

export interface KeyPage {
  items: Listed[];
  /** The last item, if there are more. */
  next?: string;
}

/** Lists keys with a prefix. */
export async function listKeys(
  { registry, openPages }: Pick<GatewayContext, "registry" | "openPages">,
  asked: AskedKeys,
  access: Access,
): Promise<KeyPage> {
  const { prefix, delimiter, limit } = asked;
  const parts = parseKey(prefix);
  if (parts.kind === "files") {
    const version = await openFiles(parts);
    return version === undefined ? { items: [] } : await filesPage(version, parts, asked);
  }
  if (delimiter !== "/") throw isFlat(prefix);
  if (parts.kind === "refs") access.check("read", parts.name);
  const items: Listed[] = [];
  const keys = parts.kind === "refs"
    ? refKeys(registry, parts, asked)
    : nameKeys(registry, access, asked);
  for await (const key of keys) {
    if (items.length === limit) return { items, next: items.at(-1)?.key };
    items.push({ key });
  }
  return { items };

  async function openFiles({ name, ref }: FilesKey): Promise<ReadablePages | undefined> {
    try {
      const version = await openPages({ name, version: ref, ...asked.version }, access);
      version.checkFiles?.();
      return version;
    } catch (error) {
      // Of keys that cannot exist, a listing is empty. One that has begun must not end early.
      const isBegun = asked.version !== undefined;
      if (!isBegun && isRegistryError(error, "NotFound", "Invalid")) return undefined;
      throw error;
    }
  }
}

/** Yields the keys of refs: `latest`, the aliases, and the versions, newest first. */
async function* refKeys(
  registry: Registry,
  { root, name, prefix }: Pick<Extract<KeyParts, { kind: "refs" }>, "root" | "name" | "prefix">,
  { after }: Pick<AskedKeys, "after">,
): AsyncGenerator<string> {
  if (nameProblem(name) !== undefined || !await hasVersion(registry, name)) return;
  const last = after.startsWith(root) ? after.slice(root.length).replace(/\/.*/s, "") : "";
  const { selector } = parseRef(`${name}@${last || "latest"}`);
  const key = (ref: string) => ref.startsWith(prefix) ? [`${root}${ref}/`] : [];
  if (selector.kind !== "version") {
    if (last === "") yield* key("latest");
    const aliases = await Array.fromAsync(inTurns(registry.aliases(name)), ({ alias }) => alias);
    const isAfter = (alias: string) =>
      ["", "latest"].includes(last) || compareUtf8(alias, last) > 0;
    for (const alias of aliases.filter(isAfter).sort(compareUtf8)) yield* key(alias);
  }
  const versions = selector.kind === "version" ? { after: last } : {};
  for await (const { version } of inTurns(registry.versions(name, versions))) yield* key(version);
}

async function hasVersion(registry: Registry, name: string): Promise<boolean> {
  for await (const _ of registry.versions(name, { limit: 1 })) return true;
  return false;
}

/** Names below one prefix that are read before a listing goes on after all of them. */
const MOST_IN_ROW = 200;
/** Longest name when encoded, bytes. */
const MOST_NAME_BYTES = 200;

/**
 * Yields prefixes of names, each once. Names below `team/` follow each other, but the name `team` is
 * not always next to them.
 */
async function* nameKeys(
  registry: Registry,
  access: Access,
  { prefix, after }: Pick<AskedKeys, "prefix" | "after">,
): AsyncGenerator<string> {
  const mayRead = (name: string) => nameProblem(name) === undefined && access.may("read", name);
  const isThere = async (name: string) => mayRead(name) && await hasVersion(registry, name);
  const folder = prefix.slice(0, -1);
  const refs = `${prefix}@`;
  const isBeforeNames = after <= prefix || after.startsWith(refs);
  if (prefix.endsWith("/") && isBeforeNames && mayRead(folder)) {
    yield* refKeys(registry, { root: refs, name: folder, prefix: "" }, { after });
  }
  const last = isBeforeNames ? undefined : nameOfKey(after);
  // `team/` stands for the name, or else for those below it.
  const isFolder = last !== undefined && after.endsWith("/") && !await isThere(last);
  const begin = isFolder ? lastBelow(last) : last;
  const ownKeys = new Set<string>(); // of names, which those below them share
  const hasOwnKey = async (group: string) =>
    ownKeys.has(group) || begin?.startsWith(group) && await isThere(group);
  for (let from = begin, current = last;; from = lastBelow(current ?? "")) {
    let inRow = 0;
    for await (const name of readableNames(registry, access, { prefix, after: from })) {
      const group = groupOf(name, prefix);
      if (group === name) ownKeys.add(name);
      inRow = group === current ? inRow + 1 : 0;
      if (inRow === MOST_IN_ROW) break;
      if (group === current) continue;
      current = group;
      if (group === name || !await hasOwnKey(group)) yield `${group}/`;
    }
    if (inRow < MOST_IN_ROW) return;
  }
}

/** Returns what a name shares with those that have the same key: `team/a` is below `team/`. */
function groupOf(name: string, prefix: string): string {
  const slash = name.indexOf("/", prefix.length);
  return slash < 0 ? name : name.slice(0, slash);
}

/** Returns the name of a key that a listing goes on after. */
function nameOfKey(key: string): string {
  const { kind, ...parts } = parseKey(key.replace(/\/$/, ""));
  const name = kind === "names" ? (parts as { prefix: string }).prefix : (parts as FilesKey).name;
  if (nameProblem(name) === undefined) return name;
  throw wrongArgument(
    "the listing goes on after a key that is not one",
    "Pass a key of a listing.",
  );
}

/** Returns a name that comes after all names below a folder, and before all others. */
function lastBelow(folder: string): string {
  const begin = `${folder}/`;
  return begin + "z".repeat(Math.max(0, MOST_NAME_BYTES - encodeName(begin).length));
}

async function filesPage(
  version: ReadablePages,
  { root, path: prefix }: FilesKey,
  { delimiter, after: afterKey, limit }: AskedKeys,
): Promise<KeyPage> {
  const { info } = version;
  const items: Listed[] = [];
  const isInside = afterKey.startsWith(root);
  if (!isInside && compareUtf8(afterKey, root) > 0) return { items };
  const after = isInside ? afterKey.slice(root.length) : "";
  const walk = walkFiles(version, { prefix, delimiter, after, isShown: isFile });
  for await (const { path, file } of walk) {
    if (items.length === limit) return { items, next: items.at(-1)?.key };
    items.push({ key: root + path, file, info });
  }
  return { items };
}

function isFlat(prefix: string): Error {
  return s3Error(400, "InvalidRequest", {
    action: `list all keys that begin with ${shown(prefix)}`,
    state: "each file would be listed once for each of its versions and aliases",
    hint: "List with the delimiter /, or below a version: NAME/@VERSION/.",
  });
}
