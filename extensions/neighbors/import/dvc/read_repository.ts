// Reads a Git repository with DVC. A commit with a tag, or at HEAD, is a version, with all that DVC
// tracks in it. Tags such as `v1.2.0` are versions, and others are aliases.
import type { FileToSave } from "../../../../materializers/mod.ts";
import { iterableStream, notFound, readAll, shown } from "../../../../core/kernel.ts";
import { type Metric, NOT_FINITE } from "../../../runs/mlflow/points.ts";
import { aliasOfRef } from "../alias_of_ref.ts";
import type { Counts } from "../counts.ts";
import type { FoundRun, ImportRecord, OpenedRun, ReadOptions } from "../records.ts";
import { isMap, type Plain, yamlIn, yamlValueIn } from "../source_files.ts";
import { checkedFile, type DvcCache, missing } from "./cache.ts";
import {
  addTexts,
  type Described,
  describedBy,
  isDescription,
  type Output,
} from "./descriptions.ts";
import type { Commit, GitRepository, TreeEntry } from "../git.ts";

/** Bytes of a description, and of a file with metrics. */
const MOST_BYTES = 16 * 1024 * 1024;
const HEAD = "HEAD";

type Tree = ReadonlyMap<string, TreeEntry>;

/** A version to be: its id is a tag, or that of a commit. */
interface Revision {
  readonly id: string;
  readonly version?: string;
  readonly label: string;
  readonly commit: Commit;
}

export class DvcReader {
  readonly #git: GitRepository;
  readonly #cache: DvcCache;
  readonly #options: ReadOptions;

  constructor(git: GitRepository, cache: DvcCache, options: ReadOptions) {
    this.#git = git;
    this.#cache = cache;
    this.#options = options;
  }

  async *records(
    name: string,
    { branches = false }: { branches?: boolean } = {},
  ): AsyncGenerator<ImportRecord> {
    const as = this.#options.nameOf(name);
    const commits = await this.#git.commits({
      refs: [HEAD],
      folders: ["refs/tags", ...branches ? ["refs/heads", "refs/exps"] : []],
    });
    if (commits.size === 0) throw notFound("import from", name, "the repository has no commits");
    const { revisions, aliases, notImported } = revisionsOf(commits);
    if (as === undefined) return;
    yield { kind: "total", count: revisions.length };
    yield* notImported;
    for (const revision of revisions) yield this.#found(as, revision);
    yield { kind: "aliases", name: as, runs: aliases };
  }

  #found(name: string, revision: Revision): FoundRun {
    const { version: _, ...unnumbered } = revision, { commit } = revision;
    const instead = { ...unnumbered, id: commit.id };
    return {
      kind: "run",
      key: { name, id: revision.id },
      changed: (here) =>
        here.commit === commit.id
          ? undefined
          : `the tag is ${commit.id} now, and ${here.version} is ${here.commit}`,
      ...revision.version !== undefined && { instead: this.#found(name, instead) },
      version: (taken) => revision.version ?? unreleased(taken),
      open: () => this.#open(revision),
    };
  }

  async #open({ commit, label }: Revision): Promise<OpenedRun> {
    const problems: string[] = [];
    const tree = await this.#git.tree(commit.id);
    const described = describedBy(await this.#descriptions(tree, problems), problems);
    const files = await this.#files(described.outputs, tree, problems);
    const params = new Map<string, string>();
    const paths = [...new Set(["params.yaml", ...described.paramFiles])];
    for (const [path, values] of await this.#yaml(paths, tree, problems)) {
      const onTwice = (key: string) => problems.push(`${path} has ${shown(key)} twice`);
      addTexts(params, path === "params.yaml" ? "" : `${path}:`, values, onTwice);
    }
    for (const [key, value] of described.params) if (!params.has(key)) params.set(key, value);
    const points = await this.#points(described, { tree, files, commit, problems });
    const isEmpty = files.size + points.length + problems.length === 0;
    return {
      status: "FINISHED",
      startedMs: commit.timeMs,
      endedMs: commit.timeMs,
      params,
      tags: tagsOf(commit, label),
      points: listed(points),
      files: [...files.values()],
      has: countsOf(described.outputs),
      problems,
      ...isEmpty && { left: "DVC tracks nothing in it" },
    };
  }

  async #descriptions(tree: Tree, problems: string[]) {
    return await this.#yaml([...tree.keys()].filter(isDescription), tree, problems);
  }

  /** Reads files in YAML or JSON that are there. */
  async #yaml(paths: readonly string[], tree: Tree, problems: string[]) {
    const wanted = paths.flatMap((path) => {
      const entry = tree.get(path);
      if (entry === undefined) return [];
      if (entry.kind === "file" && entry.size <= MOST_BYTES) return [{ path, oid: entry.oid }];
      problems.push(`${shown(path)} is ${stateOf(entry)}`);
      return [];
    });
    const blobs = await this.#git.blobs([...new Set(wanted.map(({ oid }) => oid))]);
    const found = new Map<string, Readonly<Record<string, Plain>>>();
    for (const { path, oid } of wanted) {
      const content = await parsed(path, blobs.get(oid), problems);
      if (content !== undefined) found.set(path, content);
    }
    return found;
  }

  async #files(outputs: readonly Output[], tree: Tree, problems: string[]) {
    const files = new Map<string, FileToSave>();
    for (const output of outputs) {
      const found = await this.#cache.filesOf(output, problems) ?? this.#inGit(output, tree);
      if (found.length === 0) problems.push(missing(output));
      for (const file of found) {
        if (files.has(file.path)) problems.push(`${shown(file.path)} is described twice`);
        files.set(file.path, file);
      }
    }
    return files;
  }

  /** Returns the files of an output that is not cached, but committed. */
  #inGit(output: Output, tree: Tree): FileToSave[] {
    const { path } = output, entry = tree.get(path);
    if (entry?.kind === "file" && !output.md5.endsWith(".dir")) {
      return [checkedFile(output, entry.size, () => this.#git.chunks(entry.oid))];
    }
    return [...tree].flatMap(([at, { kind, size, oid }]) =>
      kind === "file" && at.startsWith(`${path}/`)
        ? [{ path: at, content: { size, stream: () => iterableStream(this.#git.chunks(oid)) } }]
        : []
    );
  }

  /** Returns the values of files with metrics, and the histories that DVCLive writes. */
  async #points(
    { metrics }: Described,
    { tree, files, commit, problems }: {
      tree: Tree;
      files: ReadonlyMap<string, FileToSave>;
      commit: Commit;
      problems: string[];
    },
  ): Promise<Metric[]> {
    const points = await this.#histories(tree, commit, problems);
    const histories = new Set(points.map(({ key }) => key)), known = new Set<string>();
    for (const path of metrics) {
      if (/\.(toml|py|[ct]sv)$/.test(path)) continue; // DVC reads all others as YAML
      const bytes = await this.#metrics(path, { tree, file: files.get(path), problems });
      const content = bytes && await metricsIn(path, bytes, problems);
      const texts = new Map<string, string>();
      if (isMap(content)) addTexts(texts, "", content);
      else if (typeof content === "string") texts.set(path, content);
      for (const [own, text] of texts) {
        const value = histories.has(own) ? undefined : numberOf(text);
        if (value === undefined) continue;
        if (isRounded(text, value)) {
          problems.push(`${shown(own)} is ${text}, which a number would round`);
        }
        const key = known.has(own) ? `${path}:${own}` : own;
        points.push({ key, value, timestamp: commit.timeMs, step: 0 });
        known.add(key);
      }
    }
    return points;
  }

  /** Returns the bytes of a file with metrics, in Git or in the cache. */
  async #metrics(
    path: string,
    { tree, file, problems }: { tree: Tree; file?: FileToSave; problems: string[] },
  ): Promise<Uint8Array | undefined> {
    const entry = tree.get(path);
    if (entry === undefined) return file && await bytesOf(file);
    if (entry.kind === "file" && entry.size <= MOST_BYTES) {
      return (await this.#git.blobs([entry.oid])).get(entry.oid);
    }
    problems.push(`${shown(path)} is ${stateOf(entry)}`);
  }

  async #histories(tree: Tree, { timeMs }: Commit, problems: string[]): Promise<Metric[]> {
    const found = [...tree].flatMap(([path, { oid, kind, size }]) => {
      const [, key] = /(?:^|\/)plots\/metrics\/([^]+)\.tsv$/.exec(path) ?? [];
      if (key === undefined || kind !== "file") return [];
      if (size <= MOST_BYTES) return [{ oid, path, key: key.replaceAll("/", ".") }];
      problems.push(`${shown(path)} is ${stateOf({ oid, kind, size })}`);
      return [];
    });
    const blobs = await this.#git.blobs(found.map(({ oid }) => oid));
    return found.flatMap(({ oid, path, key }) => {
      const [head = "", ...lines] = new TextDecoder().decode(blobs.get(oid)).trim().split(/\r?\n/);
      const columns = head.split("\t"), at = columns.indexOf("step");
      if (at < 0) return [];
      return lines.flatMap((line): Metric[] => {
        const cells = line.split("\t"), step = Number(cells[at]);
        const text = cells[columns.length - 1] ?? "", value = numberOf(text);
        const isExact = value !== undefined && !isRounded(text, value);
        if (isExact && Number.isSafeInteger(step)) {
          return [{ key, value, timestamp: timeMs, step }];
        }
        const state = isExact || value === undefined
          ? "has a line without a number"
          : `has ${text}, which a number would round`;
        if (problems.length < 100) problems.push(`${shown(path)} ${state}`);
        return [];
      });
    });
  }
}

/** Returns the files and bytes of all outputs, if all descriptions have them. */
function countsOf(outputs: readonly Output[]): Pick<Counts, "files" | "bytes"> {
  const sum = (kind: "files" | "bytes") =>
    outputs.reduce<number | undefined>(
      (sum, { has: { [kind]: own } }) =>
        sum === undefined || own === undefined ? undefined : sum + own,
      0,
    );
  const files = sum("files"), bytes = sum("bytes");
  return { ...files !== undefined && { files }, ...bytes !== undefined && { bytes } };
}

/** Returns versions and aliases for the commits of refs. Only tags are versions by their names. */
function revisionsOf(commits: ReadonlyMap<string, Commit>) {
  const revisions: Revision[] = [], notImported: ImportRecord[] = [];
  const aliases = new Map<string, { id: string; commit: string }>(),
    ids = new Map<string, string>();
  const others: [ref: string, own: { kind: string; name: string }, commit: Commit][] = [];
  for (const [ref, commit] of commits) {
    const own = refIn(ref);
    if (own === undefined) continue;
    const { kind, name } = own, version = kind === "tag" ? versionOf(name) : undefined;
    if (version === undefined) {
      others.push([ref, own, commit]);
      continue;
    }
    if (!ids.has(commit.id)) ids.set(commit.id, name);
    revisions.push({ id: name, version, label: name, commit });
  }
  const rankOf = ([, { kind }]: typeof others[number]) =>
    kind === "tag" || kind === "commit" ? 0 : 1;
  for (const [ref, { kind, name }, commit] of others.sort((a, b) => rankOf(a) - rankOf(b))) {
    if (!ids.has(commit.id)) {
      ids.set(commit.id, commit.id);
      const label = ref === HEAD ? commit.id.slice(0, 8) : name;
      revisions.push({ id: commit.id, label, commit });
    }
    const alias = ref === HEAD ? "head" : aliasOfRef(name, kind);
    const id = ids.get(commit.id) ?? commit.id;
    if (alias !== undefined && !aliases.has(alias)) aliases.set(alias, { id, commit: commit.id });
    else {
      const reason = alias === undefined ? "not a valid alias" : "another one has this alias";
      const what = `${kind} ${shown(name)}`;
      notImported.push({
        kind: "left",
        what,
        reason: `${reason}: its commit is imported without it`,
      });
    }
  }
  revisions.sort((one, other) => one.commit.timeMs - other.commit.timeMs);
  return { revisions, aliases, notImported };
}

/** Returns the kind of a ref and its name; undefined for those that DVC uses itself. */
function refIn(ref: string): { kind: string; name: string } | undefined {
  if (ref === HEAD) return { kind: "commit", name: HEAD };
  const [, tag, branch, experiment] =
    /^refs\/(?:tags\/([^]+)|heads\/([^]+)|exps\/[0-9a-f]{2}\/[0-9a-f]{38}\/([^]+))$/.exec(ref) ??
      [];
  if (tag !== undefined) return { kind: "tag", name: tag };
  if (branch !== undefined) return { kind: "branch", name: branch };
  return experiment === undefined ? undefined : { kind: "experiment", name: experiment };
}

/** Returns the version of a tag: `v1.2` is 1.2.0. */
function versionOf(tag: string): string | undefined {
  const [, ...numbers] = /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?$/.exec(tag) ?? [];
  return numbers.length === 0 ? undefined : numbers.map((each) => Number(each ?? 0)).join(".");
}

/** Returns the next version of a commit that has no number: 0.0.1, 0.0.2. */
function unreleased(taken: ReadonlySet<string>): string {
  const numbers = [...taken].map((version) => Number(/^0\.0\.(\d+)$/.exec(version)?.[1] ?? 0));
  return `0.0.${numbers.reduce((most, each) => Math.max(most, each), 0) + 1}`;
}

function tagsOf({ id, author, subject }: Commit, label: string): Map<string, string> {
  return new Map([
    ["mlflow.runName", label],
    ["mlflow.source.git.commit", id],
    ["mlflow.user", author],
    ["mlflow.note.content", subject],
  ].filter((tag): tag is [string, string] => tag[1] !== ""));
}

function stateOf({ kind, size }: TreeEntry): string {
  if (kind === "link") return "a link";
  return Number.isNaN(size) ? "not in the clone: clone it without --filter" : "too large";
}

async function parsed(path: string, bytes: Uint8Array | undefined, problems: string[]) {
  if (bytes === undefined) return void problems.push(`${shown(path)} is missing or too large`);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.trim() === "" ? {} : await yamlIn(text, path, problems);
  } catch {
    problems.push(`${shown(path)} is not UTF-8 text`);
  }
}

/** Returns the values of a file with metrics, or one number. Those of other kinds have none. */
async function metricsIn(path: string, bytes: Uint8Array, problems: string[]) {
  const { value, state } = await yamlValueIn(new TextDecoder().decode(bytes));
  if (state !== undefined && /\.(json|ya?ml)$/.test(path)) {
    problems.push(`${shown(path)} cannot be read: ${state}`);
  }
  return value;
}

async function bytesOf({ content }: FileToSave): Promise<Uint8Array | undefined> {
  if (!("size" in content) || !("stream" in content) || content.size > MOST_BYTES) return undefined;
  return await readAll(content.stream() as ReadableStream<Uint8Array>);
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const word = NOT_FINITE.get(text.replace(/^nan$/i, "NaN").replace(/^(-?)inf$/i, "$1Infinity"));
  const value = word ?? Number(text);
  return word === undefined && Number.isNaN(value) ? undefined : value;
}

/** True for an integer that the number is not. */
function isRounded(text: string, value: number): boolean {
  return /^-?\d{16,}$/.test(text) && (!Number.isFinite(value) || BigInt(value) !== BigInt(text));
}

async function* listed(points: readonly Metric[]): AsyncGenerator<Metric> {
  yield* points;
}
