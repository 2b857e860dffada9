// Reads a repository of a Hub: the commits of its branches and tags.
import type { FileToSave } from "../../../../materializers/mod.ts";
import { invalid, shown } from "../../../../core/kernel.ts";
import { type Json, objectsIn } from "../answers.ts";
import type { FoundVersion, ImportRecord, ReadOptions } from "../records.ts";
import { aliasOf, checkedFile, COMMIT } from "./checked_file.ts";
import type { HubServer } from "./hub_server.ts";

/** Commits of the history whose order and titles are read. */
const MOST_COMMITS = 10_000;
const MOST_FILES = 200_000;

export interface HubRepository {
  readonly kind: "models" | "datasets" | "spaces";
  readonly id: string;
}

/** Returns the repository of `hf://team/bert` or `hf://datasets/team/trips`. */
export function parseHubUrl(url: string): HubRepository {
  const [, kind = "models", id] =
    /^hf:\/\/(?:(models|datasets|spaces)\/)?([\w.-]+(?:\/[\w.-]+)?)\/?$/.exec(url) ?? [];
  if (id === undefined || id.split("/").some((part) => /^\.+$/.test(part))) {
    throw invalid("import from", shown(url), "it is not the id of a repository", {
      hint: "Write hf://ORG/NAME, or hf://datasets/ORG/NAME.",
    });
  }
  return { kind: kind as HubRepository["kind"], id };
}

export class HubReader {
  readonly #server: HubServer;
  readonly #repository: HubRepository;
  readonly #options: ReadOptions;

  constructor(server: HubServer, repository: HubRepository, options: ReadOptions) {
    this.#server = server;
    this.#repository = repository;
    this.#options = options;
  }

  get #name(): string {
    const { kind, id } = this.#repository;
    return kind === "models" ? id : `${kind}/${id}`;
  }

  async *records(): AsyncGenerator<ImportRecord> {
    const name = this.#options.nameOf(this.#name);
    if (name === undefined) return;
    const { branches, tags } = await this.#server.json(`${this.#api}/refs`);
    const aliases = new Map<string, string>(), refs = new Map<string, string[]>();
    for (const { name: ref, targetCommit } of [...objectsIn(branches), ...objectsIn(tags)]) {
      const commit = String(targetCommit), alias = aliasOf(String(ref));
      const what = shown(`${name}@${ref}`);
      if (!COMMIT.test(commit)) {
        yield { kind: "failed", what, reason: `${shown(commit)} is not a commit` };
      } else if (aliases.has(alias) && aliases.get(alias) !== commit) {
        yield { kind: "left", what, reason: `${alias} is another revision` };
      } else aliases.set(alias, commit);
      if (COMMIT.test(commit)) refs.set(commit, [...refs.get(commit) ?? [], String(ref)]);
    }
    const history = await this.#history(refs);
    const places = new Map([...history.keys()].map((commit, i) => [commit, -i]));
    const main = aliases.get("main");
    const order = (commit: string) => commit === main ? Infinity : places.get(commit) ?? 1;
    const commits = [...refs.keys()].sort((one, other) => order(one) - order(other) || 0);
    yield { kind: "total", count: commits.length };
    const versions = commits.map((commit) =>
      this.#version(commit, { refs: refs.get(commit) ?? [], about: history.get(commit) })
    );
    yield { kind: "model", name, key: "commit", labels: new Map(), aliases, versions };
  }

  get #api(): string {
    return `api/${this.#repository.kind}/${this.#repository.id}`;
  }

  /** Returns commits of `main`, newest first, until all that are imported are known. */
  async #history(asked: ReadonlyMap<string, unknown>): Promise<Map<string, Json>> {
    const history = new Map<string, Json>();
    let missing = asked.size;
    if (missing === 0) return history;
    for await (const commit of this.#server.items(`${this.#api}/commits/main`)) {
      const id = String(commit.id);
      history.set(id, commit);
      if (asked.has(id)) missing--;
      if (missing === 0 || history.size >= MOST_COMMITS) break;
    }
    return history;
  }

  #version(
    commit: string,
    { refs, about }: { refs: readonly string[]; about: Json | undefined },
  ): FoundVersion {
    const { title, date } = about ?? {};
    const metadata = {
      hub: this.#repository.id,
      commit,
      refs: [...refs].sort(),
      ...typeof title === "string" && { title: title.slice(0, 1000) },
      ...typeof date === "string" && { date: date.slice(0, 100) },
    };
    return { version: commit, labels: new Map(), metadata, open: () => this.#open(commit) };
  }

  async #open(commit: string): ReturnType<FoundVersion["open"]> {
    const files: FileToSave[] = [], problems: string[] = [];
    const has = { files: 0, bytes: 0 };
    for await (const entry of this.#server.items(`${this.#api}/tree/${commit}?recursive=true`)) {
      if (entry.type !== "file") continue;
      has.files++;
      has.bytes += Number(entry.size);
      const { path, size, oid } = entry, lfs = entry.lfs as Json | undefined;
      if (typeof path !== "string" || typeof size !== "number" || typeof oid !== "string") {
        problems.push("its list of files has an entry without path, size or hash");
        break;
      }
      files.push(
        this.#file(commit, { path, size, hash: typeof lfs?.oid === "string" ? lfs.oid : oid }),
      );
      if (files.length > MOST_FILES) {
        problems.push(`it has more than ${MOST_FILES} files`);
        break;
      }
    }
    return { files, problems, has };
  }

  #file(
    commit: string,
    { path, size, hash }: { path: string; size: number; hash: string },
  ): FileToSave {
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    const url = `${this.#name}/resolve/${commit}/${encoded}`;
    return checkedFile(path, { size, hash, chunks: () => this.#server.chunks(url) });
  }
}
