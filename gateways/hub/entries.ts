// The files and folders of a version as the Hugging Face Hub lists them.
import { createHash } from "node:crypto";
import { folderOf, inTurns, isRegistryError, nextTurn } from "../../core/kernel.ts";
import type { Artifact, ArtifactInfo } from "../../mod.ts";
import type { ArtifactFile } from "../../materializers/mod.ts";
import { revisionOf } from "./repos.ts";

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

type FileInfo = ArtifactInfo["files"][number];

/** Returns the files that a repository shows. It has no links and no empty folders. */
export function filesOf({ files }: Pick<ArtifactInfo, "files">): FileInfo[] {
  return files.filter(isShown);
}

export function isShown({ mode }: FileInfo): boolean {
  return mode !== "link" && mode !== "folder";
}

/** Returns a file that the repository shows. */
export function fileIn(artifact: Artifact, path: string): ArtifactFile | undefined {
  try {
    const file = artifact.file(path);
    return isShown(file.info) ? file : undefined;
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return undefined;
    throw error;
  }
}

/** Returns the SHA-256 and size of a file, as the Hub describes files that git does not store. */
export function lfsOf({ sha256, size }: FileInfo): NonNullable<HubEntry["lfs"]> {
  const pointer =
    `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${size}\n`;
  return { oid: sha256, size, pointerSize: pointer.length };
}

/** The entries of versions in memory: a large tree is read in many pages. */
const listed = new WeakMap<ArtifactInfo["files"], Promise<readonly HubEntry[]>>();

/** Returns all files and folders, sorted by path. */
export function entriesOf(info: Pick<ArtifactInfo, "files">): Promise<readonly HubEntry[]> {
  const entries = listed.get(info.files) ?? listEntries(info);
  listed.set(info.files, entries);
  return entries;
}

async function listEntries(info: Pick<ArtifactInfo, "files">): Promise<readonly HubEntry[]> {
  const entries: HubEntry[] = [];
  const folders = new Map<string, ReturnType<typeof createHash>>();
  const files = filesOf(info).sort((a, b) => a.path < b.path ? -1 : 1);
  await nextTurn();
  for await (const file of inTurns(files)) {
    const { path, size, sha256 } = file;
    entries.push({ type: "file", oid: sha256.slice(0, 40), size, path, lfs: lfsOf(file) });
    hashOf(folderOf(path)).update(`${sha256} ${path}\n`);
  }
  // Longer paths first: a folder has the digest of each folder in it.
  const deepFirst = [...folders].sort(([a], [b]) => b.length - a.length);
  for await (const [path, hash] of inTurns(deepFirst)) {
    if (path === "") break;
    const oid = hash.digest("hex").slice(0, 40);
    hashOf(folderOf(path)).update(`${oid} ${path}\n`);
    entries.push({ type: "directory", oid, size: 0, path });
  }
  await nextTurn();
  return entries.sort((a, b) => a.path < b.path ? -1 : 1);

  function hashOf(folder: string): ReturnType<typeof createHash> {
    const known = folders.get(folder);
    if (known !== undefined) return known;
    if (folder !== "") hashOf(folderOf(folder));
    const hash = createHash("sha256");
    folders.set(folder, hash);
    return hash;
  }
}

/** Returns the entries in a folder, `""` for all; undefined if there is no such folder. */
export function entriesBelow(
  entries: readonly HubEntry[],
  folder: string,
  { recursive }: { recursive: boolean },
): HubEntry[] | undefined {
  const prefix = folder === "" ? "" : `${folder}/`;
  const inFolder = entries.filter(({ path }) =>
    path.startsWith(prefix) && (recursive || !path.includes("/", prefix.length))
  );
  return inFolder.length === 0 && folder !== "" ? undefined : inFolder;
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
