// Folders of the Hugging Face libraries: repositories in their cache, and plain folders.
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { fault } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import { invalid, notFound, shellWord } from "../program/hints.ts";
import { hasDigest } from "./blobs.ts";
import type { HubRepo } from "./hub_client.ts";

export interface LocalSource {
  /** The folder with the files. */
  folder: string;
  /** Absent for a plain folder. */
  repo?: HubRepo;
  /** Absent if a commit was given, and for a plain folder. */
  revision?: string;
  commit?: string;
}

const REPO_FOLDER = /^(models|datasets)--(.+)$/;
const COMMIT = /^[0-9a-f]{40}$/;

/**
 * Finds the files of a folder: a repository of the cache (`models--org--name`), a snapshot in it, or
 * a plain folder.
 */
export async function findLocal(folder: string, revision?: string): Promise<LocalSource> {
  const isSnapshot = COMMIT.test(basename(folder)) && basename(dirname(folder)) === "snapshots";
  const repo = repoOfFolder(isSnapshot ? dirname(dirname(folder)) : folder);
  if (repo !== undefined && isSnapshot) return { folder, repo, commit: basename(folder) };
  if (repo !== undefined && await isFolder(join(folder, "snapshots"))) {
    return await findSnapshot(folder, repo, revision);
  }
  const names = await readdir(folder);
  const repos = names.filter((name) => repoOfFolder(name) !== undefined);
  if (repos.length > 0) {
    const first = shellWord(join(folder, repos[0]!));
    const state = `it is a cache of ${repos.length} repositories`;
    throw invalid(`import ${JSON.stringify(folder)}`, state, `Pass one of them: ${first}`);
  }
  if (revision !== undefined) {
    const hint = "Omit --revision, or pass a repository of the cache.";
    throw invalid(`import ${JSON.stringify(folder)}`, "a plain folder has no revisions", hint);
  }
  return { folder };
}

function repoOfFolder(folder: string): HubRepo | undefined {
  const [, kind, id] = REPO_FOLDER.exec(basename(folder)) ?? [];
  return id === undefined
    ? undefined
    : { kind: kind as HubRepo["kind"], id: id.replace("--", "/") };
}

async function findSnapshot(
  folder: string,
  repo: HubRepo,
  asked: string | undefined,
): Promise<LocalSource> {
  const snapshots = (await readdir(join(folder, "snapshots"))).filter((name) => COMMIT.test(name));
  const revision = asked ?? "main";
  const isCommit = COMMIT.test(revision);
  const commit = isCommit ? revision : await readRef(join(folder, "refs"), revision);
  const only = asked === undefined && snapshots.length === 1 ? snapshots[0] : undefined;
  const found = commit ?? only;
  if (found !== undefined && snapshots.includes(found)) {
    const isNamed = !isCommit && commit !== undefined;
    const snapshot = join(folder, "snapshots", found);
    return { folder: snapshot, repo, commit: found, ...(isNamed ? { revision } : {}) };
  }
  const hint = snapshots.length === 0
    ? "Download it first, or pass the repository id to download it now."
    : `Pass a commit that is there: --revision ${snapshots[0]}`;
  throw notFound(`import ${repo.id} at ${revision}`, `not in the cache ${folder}`, hint);
}

/**
 * Returns the paths in the folder of a snapshot. Throws `Denied` if a link in its repository leads
 * out of it: the libraries link to `blobs` only, and others would save files that are no part of it.
 */
export async function pathsOfSnapshot(snapshot: string): Promise<string[]> {
  const paths: string[] = [];
  const repo = await realpath(dirname(dirname(snapshot)));
  const folder = join(repo, "snapshots", basename(snapshot));
  for (const entry of await readdir(repo, { recursive: true, withFileTypes: true })) {
    const link = join(entry.parentPath, entry.name);
    const path = relative(folder, link).replaceAll(sep, "/");
    if (!entry.isDirectory() && !path.startsWith("../")) paths.push(path);
    if (!entry.isSymbolicLink()) continue;
    const target = await realpath(link).catch(() => undefined);
    if (target === undefined || target.startsWith(repo + sep)) continue;
    const state = "it is a link to a file outside of the repository";
    const hint = "Delete the link, or replace it with the file.";
    throw fault({ code: "Denied", action: "import", subject: shown(link), state, hint });
  }
  return paths;
}

/** Throws `Corrupt` unless a file of a snapshot has the digest that is the name of its blob. */
export async function checkBlob(link: string): Promise<void> {
  const blob = await realpath(link).catch(() => undefined);
  const hex = basename(blob ?? "");
  if (blob !== undefined) {
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hex)) return; // a copy, as on Windows
    const algorithm = hex.length === 64 ? "sha256" : "git";
    const { size } = await stat(blob);
    if (await hasDigest(blob, { size, digest: { algorithm, hex } })) return;
  }
  const state = `its content ${blob === undefined ? "is missing" : "does not match its digest"}`;
  const hint = "Delete this link, and download the repository again.";
  throw fault({ code: "Corrupt", action: "import", subject: shown(link), state, hint });
}

/** Returns the commit of a branch or tag. A name that leaves the folder has none. */
async function readRef(refs: string, revision: string): Promise<string | undefined> {
  const path = join(refs, revision);
  if (!path.startsWith(refs + sep)) return undefined;
  const text = (await readFile(path, "utf8").catch(() => "")).trim();
  return COMMIT.test(text) ? text : undefined;
}

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
