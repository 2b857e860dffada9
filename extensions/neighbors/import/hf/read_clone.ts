// Reads a clone of a repository by Git: the commits of its branches and tags. The files of Git LFS are
// pointers in Git, and their contents are beside it:
//
//   .git/lfs/objects/4d/7a/4d7a21…     named by their SHA-256, as far as git lfs has fetched them
import type { FileToSave } from "../../../../materializers/mod.ts";
import { joinPath, notFound, shown } from "../../../../core/kernel.ts";
import type { Commit, GitRepository, TreeEntry } from "../git.ts";
import type { FoundVersion, ImportRecord, OpenedVersion, ReadOptions } from "../records.ts";
import type { SourceFiles } from "../source_files.ts";
import { aliasOf, checkedFile, COMMIT } from "./checked_file.ts";

/** Local branches come before those of the server. */
const FOLDERS = ["refs/heads", "refs/remotes/origin", "refs/tags"];
/** Bytes of a pointer of Git LFS, at most. */
const MOST_OF_POINTER = 1024;
const MOST_FILES = 200_000;
const POINTER =
  /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:[^]*\n)?oid sha256:([0-9a-f]{64})\nsize (\d{1,15})\n/;
const HOSTS = ["huggingface.co", "hf.co"];

export interface Clone {
  readonly git: GitRepository;
  /** Files of the clone, and the folder of Git in it. */
  readonly files: SourceFiles;
  readonly folder: string;
}

/** Names for a clone: as given, or of its folder, if it is not of the Hub at an endpoint. */
export interface CloneNames {
  readonly name?: string;
  readonly own: string;
  readonly endpoint?: string;
}

interface Revision {
  readonly commit: Commit;
  readonly refs: readonly string[];
}

export class HfCloneReader {
  readonly #clone: Clone;
  readonly #options: ReadOptions;

  constructor(clone: Clone, options: ReadOptions) {
    this.#clone = clone;
    this.#options = options;
  }

  async *records({ name: given, own, endpoint }: CloneNames): AsyncGenerator<ImportRecord> {
    const hub = idIn(await this.#clone.git.origin() ?? "", endpoint);
    const name = this.#options.nameOf(given ?? hub ?? own);
    if (name === undefined) return;
    const commits = await this.#clone.git.commits({ folders: FOLDERS });
    const aliases = new Map<string, string>(), revisions = new Map<string, Revision>();
    for (const [full, commit] of commits) {
      if (full === "refs/remotes/origin/HEAD") continue;
      const ref = full.replace(/^refs\/(heads|remotes\/origin|tags)\//, ""), alias = aliasOf(ref);
      const what = shown(`${name}@${ref}`);
      if (!COMMIT.test(commit.id)) {
        yield { kind: "failed", what, reason: "its repository names objects by SHA-256" };
        continue;
      }
      const other = aliases.get(alias);
      if (other !== undefined && other !== commit.id) {
        yield {
          kind: "left",
          what: shown(`${name}@${full}`),
          reason: `${alias} is another revision`,
        };
        continue;
      }
      aliases.set(alias, commit.id);
      const refs = revisions.get(commit.id)?.refs ?? [];
      if (!refs.includes(ref)) revisions.set(commit.id, { commit, refs: [...refs, ref] });
    }
    if (commits.size === 0) {
      throw notFound("import from", shown(own), "the clone has no branches and no tags", {
        hint: "If it should have some, run `git fsck` in it, and clone it again.",
      });
    }
    const main = aliases.get("main");
    const order = ({ commit: { id, timeMs } }: Revision) => id === main ? Infinity : timeMs;
    const sorted = [...revisions.values()].sort((one, other) => order(one) - order(other) || 0);
    const versions = sorted.map((each) =>
      this.#version(each, hub?.replace(/^(datasets|spaces)\//, ""))
    );
    yield { kind: "total", count: versions.length };
    yield { kind: "model", name, key: "commit", labels: new Map(), aliases, versions };
  }

  #version({ commit, refs }: Revision, hub: string | undefined): FoundVersion {
    const { id, subject, timeMs } = commit;
    const metadata = {
      ...hub !== undefined && { hub },
      commit: id,
      refs: refs.toSorted(),
      ...subject !== "" && { title: subject.slice(0, 1000) },
      date: new Date(timeMs).toISOString(),
    };
    return { version: id, labels: new Map(), metadata, open: () => this.#open(id) };
  }

  async #open(commit: string): Promise<OpenedVersion> {
    const { git } = this.#clone, problems: string[] = [], files: FileToSave[] = [];
    const tree = [...await git.tree(commit)];
    if (tree.length > MOST_FILES) {
      return { files, problems: [`it has more than ${MOST_FILES} files`], has: {} };
    }
    const small = tree.filter(([, { kind, size }]) => kind === "file" && size <= MOST_OF_POINTER);
    const blobs = await git.blobs([...new Set(small.map(([, { oid }]) => oid))]);
    for (const [path, entry] of tree) {
      this.#options.signal?.throwIfAborted();
      const file = await this.#file(path, entry, blobs.get(entry.oid));
      if (typeof file === "string") problems.push(file);
      else files.push(file);
    }
    return { files, problems, has: { files: tree.length } };
  }

  /** Returns a file, or its problem. */
  async #file(
    path: string,
    { kind, size, oid }: TreeEntry,
    small: Uint8Array | undefined,
  ): Promise<FileToSave | string> {
    if (kind === "link") return `${shown(path)} is a link`;
    if (Number.isNaN(size)) return `${shown(path)} is not in the clone: clone it without --filter`;
    const [, hash, length] = POINTER.exec(new TextDecoder().decode(small)) ?? [];
    if (hash === undefined) {
      return checkedFile(path, {
        size,
        hash: oid,
        chunks: () => small === undefined ? this.#clone.git.chunks(oid) : only(small),
      });
    }
    const { files, folder } = this.#clone;
    const object = joinPath(folder, `lfs/objects/${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}`);
    const entry = await files.look(object, []);
    if (entry?.kind !== "file" || entry.size !== Number(length)) {
      return `${shown(path)} is not in the clone (${hash}): run git lfs fetch --all`;
    }
    return checkedFile(path, { size: entry.size, hash, chunks: () => files.chunks(object) });
  }
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Returns the id in a URL of the Hub: `team/bert`, `datasets/team/trips`. */
function idIn(origin: string, endpoint = ""): string | undefined {
  const [, host = "", path = ""] =
    /^(?:(?:https?|ssh):\/\/(?:[^/@]*@)?|[\w.-]+@)([^/:]+)(?::\d+(?=\/))?[/:]([^]*)$/.exec(
      origin,
    ) ?? [];
  const own = URL.canParse(endpoint) ? new URL(endpoint).hostname : "";
  if (host === "" || ![...HOSTS, own].includes(host)) return undefined;
  const id = path.replace(/(\.git)?\/*$/, "");
  const parts = id.replace(/^(datasets|spaces)\//, "").split("/");
  const isId = parts.length <= 2 && parts.every((part) => /^(?!\.+$)[\w.-]+$/.test(part));
  return isId ? id : undefined;
}
