// The files and folders of a version as the Hugging Face Hub lists them.
import { createHash } from "node:crypto";
import { compareUtf8 } from "../../../core/kernel.ts";
import type { ArtifactInfo } from "../../../mod.ts";
import { hasFiles, isFile, walkFiles } from "../../../apps/server/extending.ts";
import { type ListedVersion, revisionOf } from "./repos.ts";

export interface HubEntry {
  type: "file" | "directory";
  /** 40 hexadecimal digits, made from the content. Not the object id of git. */
  oid: string;
  size: number;
  path: string;
  /** In each file: what clients compare downloads with. */
  lfs?: { oid: string; size: number; pointerSize: number };
  lastCommit?: { id: string; title: string; date: Date };
}

export type FileInfo = ArtifactInfo["files"][number];

/** Returns the files that a repository shows. It has no links and no empty folders. */
export async function filesOf({ pages }: ListedVersion): Promise<FileInfo[]> {
  const lists: FileInfo[][] = [];
  for await (const { info } of pages()) lists.push(info.files.filter(isFile));
  return lists.flat();
}

/** Returns the SHA-256 and size of a file, as the Hub describes files that git does not store. */
export function lfsOf({ sha256, size }: FileInfo): NonNullable<HubEntry["lfs"]> {
  const pointer =
    `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${size}\n`;
  return { oid: sha256, size, pointerSize: pointer.length };
}

interface EntriesOptions {
  /** @default "", all */
  folder?: string;
  /** Includes what is below folders. */
  recursive: boolean;
  /** The key of the last entry before. @default "" */
  after?: string;
}

/** Yields the entries in a folder in the order of their keys. */
export async function* entriesIn(
  version: ListedVersion,
  { folder = "", recursive, after = "" }: EntriesOptions,
): AsyncGenerator<HubEntry> {
  const prefix = folder === "" ? "" : `${folder}/`;
  const delimiter = recursive ? "" : "/";
  let last = "";
  const walk = walkFiles(version, { prefix, delimiter, after, isShown: isFile });
  for await (const { path, file } of walk) {
    if (file === undefined) {
      yield folderEntry(version, path.slice(0, -1));
      continue;
    }
    let end = recursive ? path.indexOf("/", prefix.length) : -1;
    for (; end >= 0; end = path.indexOf("/", end + 1)) {
      const key = path.slice(0, end + 1);
      const isNew = !last.startsWith(key) && compareUtf8(key, after) > 0;
      if (isNew) yield folderEntry(version, path.slice(0, end));
    }
    last = path;
    yield fileEntry(file);
  }
}

/** Returns what sorts an entry among others: folders come right before their content. */
export function keyOf({ type, path }: Pick<HubEntry, "type" | "path">): string {
  return type === "directory" ? `${path}/` : path;
}

/** Returns the file or folder at a path. */
export async function entryAt(
  version: ListedVersion,
  path: string,
): Promise<HubEntry | undefined> {
  for await (const { file } of walkFiles(version, { prefix: path, isShown: isFile, ahead: 0 })) {
    if (file?.path === path) return fileEntry(file);
    break; // it would be the first
  }
  return await hasFolder(version, path) ? folderEntry(version, path) : undefined;
}

export async function hasFolder(version: ListedVersion, path: string): Promise<boolean> {
  return path !== "" && await hasFiles(version, `${path}/`, isFile);
}

function fileEntry(file: FileInfo): HubEntry {
  const { path, size, sha256 } = file;
  return { type: "file", oid: sha256.slice(0, 40), size, path, lfs: lfsOf(file) };
}

/** The id of a folder is that of all folders at its path in versions with the same content. */
function folderEntry({ info: { digest } }: ListedVersion, path: string): HubEntry {
  const oid = createHash("sha256").update(`${digest} ${path}`).digest("hex").slice(0, 40);
  return { type: "directory", oid, size: 0, path };
}

/** Adds the version as the last commit. The Hub has the commit that changed each file. */
export function withCommit(
  entry: HubEntry,
  info: Pick<ArtifactInfo, "commit" | "version" | "createdAt">,
): HubEntry {
  return { ...entry, lastCommit: commitOf(info) };
}

export function commitOf(
  info: Pick<ArtifactInfo, "commit" | "version" | "createdAt">,
): { id: string; title: string; date: Date } {
  return { id: revisionOf(info), title: `Version ${info.version}`, date: info.createdAt };
}
