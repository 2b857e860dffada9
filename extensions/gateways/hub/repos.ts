// Repositories of the Hugging Face Hub: the names and versions that their ids and revisions mean.
import { createHash } from "node:crypto";
import type { ArtifactInfo } from "../../../mod.ts";
import {
  checkName,
  inTurns,
  isRegistryError,
  itemAt,
  keepNewest,
  nameProblem,
  shown,
} from "../../../core/kernel.ts";
import { RefusedRequest } from "../../../apps/gateways.ts";
import type { Access, GatewayContext, ReadablePages } from "../../../apps/gateways.ts";
import { CreatedRepos } from "./created_repos.ts";

export type RepoKind = "models" | "datasets";

export interface AskedRepo {
  kind: RepoKind;
  /** `org/repo` or `repo`. */
  id: string;
}

/** The branch of each repository: its latest version. Some clients call it `HEAD`. */
export const MAIN = "main";
export const HEAD = "HEAD";

/** The prefix of names that are datasets and not models. */
export const DATASETS = "datasets/";

/**
 * Returns the names that a repository id can mean, the first that has a version wins: `org/repo` or
 * `org:repo`, for datasets first `datasets/org/repo`.
 */
function namesOfRepo({ kind, id }: AskedRepo): string[] {
  const dataset = kind === "datasets" ? [`${DATASETS}${id}`] : [];
  return [...new Set([...dataset, id, id.replace("/", ":")])];
}

/** Returns the name of a new repository. */
export function nameToWrite(asked: AskedRepo): string {
  const name = itemAt(namesOfRepo(asked), 0);
  checkName(name);
  return name;
}

const REPO_ID =
  /^[A-Za-z0-9_](?:[\w.-]*[A-Za-z0-9_])?(?:[/:][A-Za-z0-9_](?:[\w.-]*[A-Za-z0-9_])?)?$/;

/** Returns the repository of a name in listings. Undefined for a name that no client can ask for. */
export function repoOfName(name: string): AskedRepo | undefined {
  const kind = name.startsWith(DATASETS) ? "datasets" : "models";
  const id = kind === "datasets" ? name.slice(DATASETS.length) : name;
  return REPO_ID.test(id) ? { kind, id: id.replace(":", "/") } : undefined;
}

/**
 * Returns the revision of a version as clients expect one, 40 hexadecimal digits: the 32 digits of
 * its commit, and 8 of the SHA-256 of its version, by which it is found again.
 */
export function revisionOf({ commit, version }: Pick<ArtifactInfo, "commit" | "version">): string {
  return commit.replaceAll("-", "") + tailOf(version);
}

/** Listings of versions have no build metadata. */
function tailOf(version: string): string {
  const listed = version.replace(/\+.*/, "");
  return createHash("sha256").update(listed).digest("hex").slice(0, 8);
}

/** Returns true for a revision that always means the same files. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** The revision of a repository without a version. */
export const NO_REVISION = "0".repeat(40);

/** A version whose entries are listed. */
export type ListedVersion = Pick<ReadablePages, "pages"> & {
  info: Pick<ReadablePages["info"], "name" | "version" | "digest" | "files">;
};

/** Finds versions by repository and revision. */
export interface Repos {
  /** Throws the error that clients expect if the token may not read it, or nothing is found. */
  open(asked: AskedRepo, revision: string, access: Access): Promise<ReadablePages>;
  /** Returns the facts and files of a revision, also of a repository without a version. */
  listed(
    asked: AskedRepo,
    revision: string,
    access: Access,
  ): Promise<
    ListedVersion & { info: Pick<ArtifactInfo, "size" | "createdAt" | "commit">; sha: string }
  >;
  /** Returns the name of a repository that has a version. */
  find(asked: AskedRepo, access: Access): Promise<string>;
  /** Notes a repository without a version: clients then miss files, not the repository. */
  create(asked: AskedRepo): Promise<void>;
}

/** Maximum number of commits whose version is kept in memory. */
const MOST_COMMITS = 10_000;

export function createRepos(
  { registry, openPages, memory }: Pick<
    GatewayContext,
    "registry" | "openPages" | "memory"
  >,
): Repos {
  const created = memory.of(CreatedRepos);
  const versions = new Map<string, string>(); // by name and revision, which never change

  async function openCommit(name: string, revision: string, access: Access) {
    const key = `${revision} ${name}`;
    const version = versions.get(key) ?? await versionAt(name, revision.slice(32));
    if (version === undefined) return undefined;
    const commit = revision.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    const artifact = await openPages({ name, version, commit }, access);
    versions.set(key, version);
    keepNewest(versions, MOST_COMMITS);
    return artifact;
  }

  /** Two versions with the same digits are unlikely, and then the commit differs. */
  async function versionAt(name: string, tail: string): Promise<string | undefined> {
    for await (const { version } of inTurns(registry.versions(name))) {
      if (tailOf(version) === tail) return version;
    }
  }

  async function openRevision(name: string, revision: string, access: Access) {
    try {
      if (isCommit(revision)) return await openCommit(name, revision, access);
      const version = revision === MAIN || revision === HEAD ? "latest" : revision;
      return await openPages({ name, version }, access);
    } catch (error) {
      // A revision such as `refs/pr/1` is not a ref of a registry; a replaced version is `Conflict`.
      if (isRegistryError(error, "NotFound", "Invalid", "Conflict")) return undefined;
      throw error;
    }
  }

  async function hasVersions(name: string): Promise<boolean> {
    for await (const _ of registry.versions(name, { limit: 1 })) return true;
    return false;
  }

  const repos: Repos = {
    async open(asked, revision, access) {
      for (const name of readableNames(asked, access)) {
        const artifact = await openRevision(name, revision, access);
        if (artifact !== undefined) return artifact;
        if (await hasVersions(name)) throw noRevision(asked, revision);
      }
      throw await created.has(itemAt(namesOfRepo(asked), 0)) ? noFiles(asked) : noRepo(asked);
    },
    async listed(asked, revision, access) {
      try {
        const { info, pages } = await repos.open(asked, revision, access);
        return { info, pages, sha: revisionOf(info) };
      } catch (error) {
        const isEmpty = error instanceof RefusedRequest && error.headers[ERROR_CODE] === NO_ENTRY;
        if (!isEmpty) throw error;
        const none = { name: asked.id, version: MAIN, commit: NO_REVISION, digest: "" };
        const info = { ...none, files: [], size: 0, createdAt: new Date(0) };
        return { info, async *pages() {}, sha: NO_REVISION };
      }
    },
    async find(asked, access) {
      for (const name of readableNames(asked, access)) if (await hasVersions(name)) return name;
      throw noRepo(asked);
    },
    create: (asked) => created.add(nameToWrite(asked)),
  };
  return repos;
}

/** Returns the names that the token may read. Throws if there are none, before any is looked up. */
function readableNames(asked: AskedRepo, access: Access): string[] {
  const names = namesOfRepo(asked).filter((name) => nameProblem(name) === undefined);
  const may = names.filter((name) => access.may("read", name));
  if (names.length > 0 && may.length === 0) access.check("read", itemAt(names, 0));
  return may;
}

/** The header by which clients tell what is missing. */
export const ERROR_CODE = "x-error-code";

export const NO_ENTRY = "EntryNotFound";

function noRepo(asked: AskedRepo): RefusedRequest {
  return missing("RepoNotFound", {
    action: "read the repository",
    subject: shown(asked.id),
    state: "no such artifact",
    hint: `Save it as ${namesOfRepo(asked).map(shown).join(" or ")}.`,
  });
}

function noFiles(asked: AskedRepo): RefusedRequest {
  return missing(NO_ENTRY, {
    action: "read the repository",
    subject: shown(asked.id),
    state: "nothing was committed yet",
    hint: "Commit a file: huggingface_hub.upload_file",
  });
}

function noRevision({ id }: AskedRepo, revision: string): RefusedRequest {
  return missing("RevisionNotFound", {
    action: `read revision ${shown(revision)} of`,
    subject: shown(id),
    state: "no such version, alias or commit",
    hint: "List the revisions: GET /api/models/{org}/{repo}/refs",
  });
}

/** Returns the error for a path that a version does not have. */
export function noEntry(
  path: string,
  { name, version }: Pick<ArtifactInfo, "name" | "version">,
): RefusedRequest {
  return missing(NO_ENTRY, {
    action: "read",
    subject: shown(path),
    state: `not in ${shown(`${name}@${version}`)}`,
    hint: "List the files: GET /api/models/{org}/{repo}/tree/{revision}?recursive=true",
  });
}

/** Returns the error for what is missing, with the code that clients look for. */
export function missing(
  code: string,
  words: { action: string; subject: string; state: string; hint: string },
): RefusedRequest {
  const headers = { [ERROR_CODE]: code };
  return new RefusedRequest({ status: 404, code: "NotFound", headers, ...words });
}
