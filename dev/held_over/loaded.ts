// The files that a file of the repository loads: the modules that it imports, and the files and folders that it names, such as
// programs that it starts, workers and fixtures. A test that computes names loads everything.
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { dirname, extname, join, normalize } from "@std/path";
import { type ModuleGraph, readModuleGraph } from "../../tests/support/module_graph.ts";
import { REPOSITORY } from "../../tests/support/run_deno.ts";
import { BUILT_PAGE } from "../../tests/support/source_files.ts";
import { COMPUTED, EVERYTHING, FOR_CALLERS, READ_BY_ALL } from "./computed_names.ts";

/** Files that may name others from the root of the repository. Those of the product name what is beside them. */
const TESTS = /^(tests|explorer\/tests|dev|\.ci)\//;
/** Files that may load others. */
const CODE = new Set(["", ".ts", ".py", ".sh", ".js", ".mjs"]);
/** Parts of a source that may be the path of a file. */
const PATHS = /(?:\.{0,2}\/)?[\w.@-]+(?:\/[\w.@-]+)*/g;
const WORDS = /["'`]([\w.@-]+)["'`]/g;
const COMMENTS = /^\s*(\/\/|\/?\*).*$/gm;
/** The name of this package, as programs import it that tests write. */
const PACKAGE = /^@holdfast\/holdfast((?:\/\w+)*)$/;
/** Names of the repository's files which are not literals, beside `LITERAL_NAMES`. */
const COMPUTED_NAMES =
  /\bREPOSITORY\b|\bimport\.meta\b|\b(sourceFiles|readModuleGraph)\(|"ls-files"|\["task",|\bimport\((?!\s*["'])/;
/** Uses that name a file by a literal, which is found as one, or name none. */
const LITERAL_NAMES = new RegExp(
  [
    /^import [^;]*;$/,
    /^export const REPOSITORY .*$/,
    /\bjoin\(\s*REPOSITORY,\s*"/,
    /\$\{REPOSITORY\}\/?[\w.]/,
    /\bcwd[:=] ?REPOSITORY\b/,
    /\bnew URL\(\s*"[^"]*",\s*import\.meta\.url,?\s*\)/,
    /\bimport\.meta\.(resolve\(\s*"|main\b)/,
    /\bmodule: import\.meta\.url\b/,
  ].map(({ source }) => source).join("|"),
  "gm",
);

/** Returns true if a test, or a program of tests, names files that are not literals in its source. */
export function hasComputedNames(text: string): boolean {
  return COMPUTED_NAMES.test(text.replace(/^\s*\/\/.*$/gm, "").replace(LITERAL_NAMES, ""));
}

/** Returns true for a module of this repository, not one that is data of a test. */
function isModule(path: string): boolean {
  return path.endsWith(".ts") && !path.startsWith("tests/fixtures/");
}

/** Returns the paths of a package's entry points. */
function entriesOf(config: Uint8Array = new TextEncoder().encode("{}")): Record<string, string> {
  const { exports = {} }: { exports?: Record<string, string> } = JSON.parse(
    new TextDecoder().decode(config),
  );
  return Object.fromEntries(
    Object.entries(exports).map(([name, path]) => [name, normalize(path)]),
  );
}

/** The state of a file, which changes when it is written, or may be run. */
export interface FileState {
  mtime: number;
  size: number;
  isProgram: boolean;
}

/** States by path. */
export type FileStates = Readonly<Record<string, FileState>>;

/** Returns the state of a file below the root; undefined if it does not exist. */
export async function stateOf(path: string): Promise<FileState | undefined> {
  const found = await stat(join(REPOSITORY, path)).catch(() => undefined);
  if (found === undefined) return undefined;
  return { mtime: found.mtimeMs, size: found.size, isProgram: (found.mode & 0o100) > 0 };
}

/** Returns a file that was written or deleted since these states, if there is one. */
export async function changedSince(states: FileStates): Promise<string | undefined> {
  for (const [path, state] of Object.entries(states)) {
    if (JSON.stringify(await stateOf(path)) !== JSON.stringify(state)) return path;
  }
  return undefined;
}

/** The files of a repository, and what each loads. */
export class LoadedFiles {
  readonly #contents: ReadonlyMap<string, Uint8Array>;
  readonly #graph: ModuleGraph;
  readonly #entries: Readonly<Record<string, string>>;
  readonly #digests = new Map<string, string>();
  readonly #direct = new Map<string, readonly string[]>();
  readonly #folders = new Map<string, string[]>();
  /** The state of each file when it was read; none for files that are not on the disk. */
  readonly states: FileStates;

  /** @param graph what each module imports */
  constructor(
    contents: ReadonlyMap<string, Uint8Array>,
    graph: ModuleGraph,
    states: FileStates = {},
  ) {
    this.#contents = contents;
    this.#graph = graph;
    this.states = states;
    this.#entries = entriesOf(contents.get("deno.json"));
    for (const path of contents.keys()) {
      for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) {
        this.#folders.set(folder, [...this.#folders.get(folder) ?? [], path]);
      }
    }
  }

  /** Reads the files of the clone that are committed, or may be. */
  static async read(): Promise<LoadedFiles> {
    const listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    const { success, stdout } = await new Deno.Command("git", { args: listing, cwd: REPOSITORY })
      .output();
    if (!success) throw new Error("Cannot list the files of the repository: git failed");
    const contents = new Map<string, Uint8Array>(), states: Record<string, FileState> = {};
    for (const path of new Set(new TextDecoder().decode(stdout).split("\0"))) {
      if (path === "" || path === BUILT_PAGE) continue; // built from others
      const state = await stateOf(path);
      const bytes = await readFile(join(REPOSITORY, path)).catch(() => undefined);
      if (bytes === undefined || state === undefined) continue; // deleted, or a link to a folder
      contents.set(path, bytes);
      states[path] = state;
    }
    const graph = await readModuleGraph([...contents.keys()].filter(isModule));
    return new LoadedFiles(contents, graph, states);
  }

  /** Returns all that these files and folders load, in order. A place that does not exist loads everything. */
  of(places: readonly string[]): string[] {
    const loaded = new Set(places.flatMap((place) => this.#filesAt(place)));
    for (const path of loaded) {
      for (const place of this.#loadedBy(path)) {
        if (this.#contents.has(place)) loaded.add(place);
        else this.#filesAt(place).forEach((each) => loaded.add(each));
      }
    }
    for (const path of READ_BY_ALL) if (this.#contents.has(path)) loaded.add(path);
    return [...loaded].sort();
  }

  /** Returns the digest of the paths and contents of all that these places load. */
  digestOf(places: readonly string[], environment: string): string {
    const digest = createHash("sha256").update(environment);
    for (const path of this.of(places)) digest.update(`\0${path}\0${this.#digest(path)}`);
    return digest.digest("hex");
  }

  /** Files of a place: a file, those below a folder, or those with an ending, as in `tests/python/*.py`. */
  #filesAt(place: string): string[] {
    if (this.#contents.has(place)) return [place];
    const [folder = "", ending = ""] = place.split("/*");
    const files = this.#folders.get(folder);
    if (files === undefined && folder !== "") return [...this.#contents.keys()];
    return (files ?? [...this.#contents.keys()]).filter((path) => path.endsWith(ending));
  }

  #digest(path: string): string {
    let digest = this.#digests.get(path);
    if (digest === undefined) {
      const isProgram = this.states[path]?.isProgram ?? false;
      const hash = createHash("sha256").update(this.#contents.get(path)!);
      digest = hash.digest("hex") + (isProgram ? "+x" : "");
      this.#digests.set(path, digest);
    }
    return digest;
  }

  /** Places that a file itself imports and names. */
  #loadedBy(path: string): readonly string[] {
    let loaded = this.#direct.get(path);
    if (loaded === undefined) {
      loaded = CODE.has(extname(path)) ? this.#readNames(path) : [];
      this.#direct.set(path, loaded);
    }
    return loaded;
  }

  #readNames(path: string): readonly string[] {
    const imports = this.#graph.get(path);
    if (imports === undefined && isModule(path)) return [EVERYTHING];
    const imported = (imports ?? []).filter((each) => this.#contents.has(each));
    const computed = COMPUTED[path];
    const text = new TextDecoder().decode(this.#contents.get(path)!);
    const isTest = TESTS.test(path);
    if (READ_BY_ALL.includes(path)) return []; // what they run are tests
    if (computed === undefined && isTest && path.endsWith(".ts") && hasComputedNames(text)) {
      return [EVERYTHING];
    }
    if (FOR_CALLERS.includes(path)) return imported;
    const python = path.endsWith(".py") ? [`${dirname(path)}/*.py`, "python"] : [];
    return [...imported, ...computed ?? [], ...python, ...this.#named(path, text, isTest)];
  }

  /**
   * The files that a source names: for a test below its folder or the root, else beside it. For a test also folders, in
   * which it may compute a name: `tests/programs` of `tests/programs/${name}`. A word such as `docs` is one only in a test
   * that names paths of the repository.
   */
  #named(path: string, text: string, isTest: boolean): string[] {
    const named = new Set<string>();
    const folders = isTest ? [dirname(path), "."] : [dirname(path)];
    const areWordsFolders = /\bREPOSITORY\b|\bimport\.meta\b/.test(text);
    const add = (name: string) => {
      if (/(^|\/)\.{1,2}$/.test(name)) return; // a folder, from which others are named
      const mayBeFolder = isTest && (areWordsFolders || name.lastIndexOf("/") > 0);
      for (const folder of folders) {
        const place = normalize(join(folder, name.replace(/^\/(?=\w)/, "")));
        if (this.#contents.has(place)) named.add(place);
        else if (mayBeFolder && this.#folders.has(place)) named.add(place);
      }
    };
    const code = text.replace(COMMENTS, "").replaceAll("${REPOSITORY}", "");
    for (const [name] of code.matchAll(PATHS)) {
      const [, entry] = isTest ? PACKAGE.exec(name) ?? [] : [];
      if (entry !== undefined) named.add(this.#entries[`.${entry}`] ?? EVERYTHING);
      else if (name.includes("/")) add(name);
    }
    for (const [, word = ""] of code.matchAll(WORDS)) add(word);
    return [...named];
  }
}
