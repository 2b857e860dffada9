// Reads a folder of the cache of Hugging Face's libraries:
//
//   models--ORG--NAME/refs/main             the commit of a branch, tag or pull request
//   models--ORG--NAME/snapshots/COMMIT/…    links to blobs, or files where links cannot be made
//   models--ORG--NAME/blobs/HASH            SHA-256 of files of Git LFS, the hash of Git of others
//
// Only links to blobs of the same repository are read.
import type { FileToSave } from "../../../../materializers/mod.ts";
import { joinPath, nameOf, notFound, shown } from "../../../../core/kernel.ts";
import type { FileEntry } from "../../../../files/mod.ts";
import { countsOfFiles } from "../counts.ts";
import type { FoundVersion, ImportRecord, ReadOptions } from "../records.ts";
import { below, type SourceFiles } from "../source_files.ts";
import { aliasOf, checkedFile, COMMIT } from "./checked_file.ts";

const REPOSITORY = /^(models|datasets|spaces)--([^]+)$/;
/** Files of a snapshot. */
const MOST_FILES = 200_000;

interface Snapshot {
  readonly commit: string;
  readonly folder: string;
  readonly refs: readonly string[];
  readonly files: readonly FileToSave[];
  readonly problems: readonly string[];
  /** When its newest file was downloaded, milliseconds since 1970. */
  readonly time: number;
}

export class HfCacheReader {
  readonly #files: SourceFiles;
  readonly #options: ReadOptions;

  constructor(files: SourceFiles, options: ReadOptions) {
    this.#files = files;
    this.#options = options;
  }

  async *records(): AsyncGenerator<ImportRecord> {
    const { location } = this.#files.store;
    const own = nameOf(location.replace(/\/+$/, ""));
    const folders = REPOSITORY.test(own) ? [""] : await this.#files.folders("");
    const repositories = folders.flatMap((folder) => {
      const [, kind = "", id] = REPOSITORY.exec(folder === "" ? own : nameOf(folder)) ?? [];
      if (id === undefined) return [];
      const name = `${kind === "models" ? "" : `${kind}/`}${id.replaceAll("--", "/")}`;
      return [{ folder, name, hub: id.replaceAll("--", "/") }];
    });
    if (repositories.length === 0) {
      throw notFound("import repositories from", location, "no folder of a repository is there", {
        hint:
          "Pass a clone by Git, the cache (~/.cache/huggingface/hub) or one folder of it: models--ORG--NAME.",
      });
    }
    for (const repository of repositories) {
      const name = this.#options.nameOf(repository.name);
      if (name !== undefined) yield* this.#repository({ ...repository, name });
    }
  }

  async *#repository(
    { folder, name, hub }: { folder: string; name: string; hub: string },
  ): AsyncGenerator<ImportRecord> {
    const problems: string[] = [];
    const refs = await this.#files.texts(joinPath(folder, "refs"), problems);
    for (const reason of problems) yield { kind: "failed", what: name, reason };
    const snapshots: Snapshot[] = [];
    for (const path of await this.#files.folders(joinPath(folder, "snapshots"))) {
      const commit = nameOf(path);
      if (!COMMIT.test(commit)) {
        yield { kind: "left", what: shown(path), reason: "its name is not a commit" };
        continue;
      }
      const own = [...refs].filter(([, text]) => text.trim() === commit).map(([ref]) => ref);
      snapshots.push(await this.#snapshot({ repository: folder, folder: path, commit, refs: own }));
    }
    const aliases = new Map<string, string>();
    const commits = new Set(snapshots.map(({ commit }) => commit));
    for (const [ref, text] of refs) {
      const commit = text.trim(), alias = aliasOf(ref);
      const reason = !commits.has(commit)
        ? "its commit is not in the cache"
        : aliases.has(alias)
        ? `${alias} is another revision`
        : undefined;
      if (reason === undefined) aliases.set(alias, commit);
      else yield { kind: "left", what: shown(`${name}@${ref}`), reason };
    }
    const isMain = ({ commit }: Snapshot) => aliases.get("main") === commit ? 1 : 0;
    snapshots.sort((one, other) => isMain(one) - isMain(other) || one.time - other.time);
    if (snapshots.length === 0) {
      return yield { kind: "left", what: name, reason: "it has no snapshots" };
    }
    yield { kind: "total", count: snapshots.length };
    const versions = snapshots.map((snapshot) => foundVersion(hub, snapshot));
    yield { kind: "model", name, key: "commit", labels: new Map(), aliases, versions };
  }

  async #snapshot(
    { repository, folder, commit, refs }: {
      repository: string;
      folder: string;
      commit: string;
      refs: readonly string[];
    },
  ): Promise<Snapshot> {
    const files: FileToSave[] = [], problems: string[] = [], pending = [folder];
    let time = 0;
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      const entries = await this.#files.list(at);
      problems.push(...this.#files.unlisted(at, entries));
      for (const entry of entries) {
        this.#options.signal?.throwIfAborted();
        if (entry.kind === "folder") pending.push(entry.path);
        else {
          const content = entry.kind === "file"
            ? entry
            : await this.#blob(entry, { repository, problems });
          if (content === undefined) continue;
          time = Math.max(time, content.modifiedAt ?? 0);
          files.push(this.#file(content, below(entry.path, folder)));
        }
      }
      if (files.length > MOST_FILES) {
        problems.push(`${shown(folder)} has more than ${MOST_FILES} files`);
        break;
      }
    }
    files.sort((one, other) => one.path < other.path ? -1 : 1);
    return { commit, folder, refs, files, problems, time };
  }

  /** Returns the blob that a link leads to; undefined, and a problem, for any other link. */
  async #blob(
    { path, target }: FileEntry,
    { repository, problems }: { repository: string; problems: string[] },
  ): Promise<FileEntry | undefined> {
    const blobs = `${joinPath(repository, "blobs")}/`;
    if (
      target === undefined || !target.startsWith(blobs) || target.slice(blobs.length).includes("/")
    ) {
      return void problems.push(`${shown(path)} is a link that does not lead to a blob`);
    }
    const blob = await this.#files.stat(target);
    if (blob?.kind === "file") return blob;
    problems.push(`${shown(path)} has no content: its blob ${blob ? "is a link" : "is missing"}`);
  }

  #file({ path, size }: FileEntry, as: string): FileToSave {
    const chunks = () => this.#files.chunks(path);
    return checkedFile(as, { size, hash: nameOf(path), chunks });
  }
}

function foundVersion(hub: string, { commit, refs, files, problems }: Snapshot): FoundVersion {
  return {
    version: commit,
    labels: new Map(),
    metadata: { hub, commit, ...refs.length > 0 && { refs: [...refs].sort() } },
    open: () => Promise.resolve({ files, problems, has: countsOfFiles(files) }),
  };
}
