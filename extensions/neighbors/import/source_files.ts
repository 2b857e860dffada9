// Files of a folder or bucket that is imported. Links are never followed, and nothing above the folder
// is read.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileStore } from "../../../formats/zarr.ts";
import type { FileToSave } from "../../../materializers/mod.ts";
import {
  corrupt,
  isRegistryError,
  iterableStream,
  joinPath,
  loadPart,
  messageOf,
  nameOf,
  orMissing,
  shown,
} from "../../../core/kernel.ts";
import type { FileEntry, ReadableFileStore } from "../../../files/mod.ts";

/** Bytes of a file with a value or a description. */
const MOST_BYTES = 1024 * 1024;
/** Characters of a line. */
const MOST_OF_LINE = 16 * 1024 * 1024;
/** Files below one folder. */
const MOST_FILES = 200_000;

/** Texts and lists of a description. */
export type Plain = string | null | PlainList | { [key: string]: Plain };

/** A list. Its items are texts, as those of maps are; its JSON has numbers and booleans. */
export class PlainList extends Array<Plain> {
  json = "[]";
}

/** A text of a document, which is a number or a boolean only without quotes. */
interface Scalar {
  readonly text: string;
  readonly isPlain: boolean;
}

/** A node of a document in YAML. */
type Node =
  | { kind: "map"; entries: { key: string; node: Node }[] }
  | { kind: "list"; items: Node[] }
  | { kind: "scalar"; value: Scalar | null };

/** `formats/yaml/document.ts`, which is loaded by name because of its package. */
interface YamlPart {
  parseYamlDocument(
    text: string,
    options: { resolve(scalar: Scalar): Scalar | null },
  ): { root?: Node; problems: { state: string }[] };
}

export class SourceFiles {
  readonly store: (ReadableFileStore | FileStore) & { ignored?: ReadonlySet<string> };
  readonly #signal: AbortSignal | undefined;

  constructor(store: ReadableFileStore, signal?: AbortSignal) {
    this.store = store;
    this.#signal = signal;
  }

  /** Lists a folder; nothing if it is missing. */
  async list(folder: string): Promise<FileEntry[]> {
    const entries = Array.fromAsync(this.store.list(folder, { signal: this.#signal }));
    return await orMissing(entries) ?? [];
  }

  /** Returns the folders in a folder. Links are passed to the function. */
  async folders(folder: string, onLink?: (path: string) => void): Promise<string[]> {
    const entries = await this.list(folder);
    for (const { kind, path } of entries) if (kind === "link") onLink?.(path);
    return entries.filter(({ kind }) => kind === "folder").map(({ path }) => path);
  }

  async stat(path: string): Promise<FileEntry | undefined> {
    return await this.store.stat(path, { signal: this.#signal });
  }

  /** Returns problems of what a listing leaves out: pipes, devices, names and keys that are not paths. */
  unlisted(folder: string, entries: readonly FileEntry[]): string[] {
    const { location, ignored = [] } = this.store;
    if (!location.startsWith("file:")) {
      const top = joinPath(folder, "x").slice(0, -1);
      const keys = [...ignored].filter((key) =>
        key.startsWith(top) && !/\/./.test(key.slice(top.length))
      );
      return keys.map((key) => `${shown(key)} has content, and its key is not a path`);
    }
    const listed = new Set(entries.map(({ path }) => nameOf(path)));
    try {
      const names = readdirSync(join(fileURLToPath(location), folder));
      return names.filter((name) => !listed.has(name)).map((name) =>
        `${shown(joinPath(folder, name))} is a pipe or a device, or its name is not a path`
      );
    } catch {
      return []; // the folder is gone
    }
  }

  /** Inspects a path; a pipe or a device is a problem. */
  async look(path: string, problems: string[]): Promise<FileEntry | undefined> {
    try {
      return await this.stat(path);
    } catch (error) {
      if (!isRegistryError(error, "Unsupported", "Invalid")) throw error;
      problems.push(reasonOf(error));
    }
  }

  /** Returns all files below a folder. Links are problems. */
  async walk(folder: string, problems: string[]): Promise<FileEntry[]> {
    const found: FileEntry[] = [];
    const top = await this.look(folder, problems);
    if (top !== undefined && top.kind !== "folder") {
      problems.push(`${shown(folder)} is a ${top.kind}`);
      return [];
    }
    const pending = [folder];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      const entries = await this.list(at);
      problems.push(...this.unlisted(at, entries));
      for (const entry of entries) {
        if (entry.kind === "folder") pending.push(entry.path);
        else if (entry.kind === "link") problems.push(`${shown(entry.path)} is a link`);
        else found.push(entry);
      }
      if (found.length > MOST_FILES) {
        problems.push(`${shown(folder)} has more than ${MOST_FILES} files`);
        return [];
      }
    }
    return found.sort((one, other) => one.path < other.path ? -1 : 1);
  }

  /** True if a file is below a folder. */
  async hasFiles(folder: string): Promise<boolean> {
    if ((await this.look(folder, []))?.kind !== "folder") return false;
    const pending = [folder];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      for (const { kind, path } of await this.list(at)) {
        if (kind === "file") return true;
        if (kind === "folder") pending.push(path);
      }
    }
    return false;
  }

  /** Returns the files below a folder, with paths below it. */
  async filesBelow(folder: string, problems: string[]): Promise<FileToSave[]> {
    const files = await this.walk(folder, problems);
    return files.map((entry) => this.fileToSave(entry, below(entry.path, folder)));
  }

  fileToSave({ path, size }: FileEntry, as: string): FileToSave {
    return { path: as, content: { size, stream: () => iterableStream(this.chunks(path)) } };
  }

  async *chunks(
    path: string,
    range?: { offset: number; length: number },
  ): AsyncGenerator<Uint8Array> {
    yield* (await this.store.open(path, { signal: this.#signal })).stream(range);
  }

  /** Reads a short text of UTF-8; undefined if it cannot be read, which is a problem. */
  async text(
    { path, size }: FileEntry,
    problems: string[],
    most = MOST_BYTES,
  ): Promise<string | undefined> {
    if (size > most) {
      const state = `it has ${size} bytes, ${most} are allowed`;
      return void problems.push(`${shown(path)} cannot be read: ${state}`);
    }
    try {
      const bytes = await (await this.store.open(path, { signal: this.#signal })).bytes();
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (isRegistryError(error, "Unavailable")) throw error;
      problems.push(`${shown(path)} cannot be read: ${reasonOf(error)}`);
    }
  }

  /** Reads the texts of files, by their paths below a folder. */
  async texts(folder: string, problems: string[]): Promise<Map<string, string>> {
    return await this.textsOf(await this.walk(folder, problems), folder, problems);
  }

  /** Reads the texts of files that were listed. */
  async textsOf(
    entries: readonly FileEntry[],
    folder: string,
    problems: string[],
  ): Promise<Map<string, string>> {
    const texts = new Map<string, string>();
    for (const entry of entries) {
      const text = await this.text(entry, problems);
      if (text !== undefined) texts.set(below(entry.path, folder), text);
    }
    return texts;
  }

  /** Yields the lines of a file of any size. Throws `Corrupt` for one that is too long to hold. */
  async *lines(path: string): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.chunks(path)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
      rest = lines.pop() ?? "";
      if (rest.length > MOST_OF_LINE) {
        throw corrupt("read", shown(path), `a line has more than ${MOST_OF_LINE} characters`);
      }
      yield* lines;
    }
    if (rest !== "") yield rest;
  }

  /** Reads a description in YAML, whose values stay texts: `1e5` is the name of an experiment. */
  async yaml(path: string, problems: string[]): Promise<Record<string, Plain> | undefined> {
    const before = problems.length, entry = await this.look(path, problems);
    if (problems.length > before) return undefined;
    if (entry?.kind !== "file") {
      problems.push(`${shown(path)} is ${entry === undefined ? "missing" : `a ${entry.kind}`}`);
      return undefined;
    }
    const text = await this.text(entry, problems);
    if (text === undefined) return undefined;
    return await yamlIn(text, path, problems);
  }
}

/** Returns the map of a description in YAML, with values as texts. */
export async function yamlIn(
  text: string,
  path: string,
  problems: string[],
): Promise<Record<string, Plain> | undefined> {
  const { value, state = "it is not a map" } = await yamlValueIn(text);
  if (isMap(value)) return value;
  problems.push(`${shown(path)} is not a description: ${state}`);
}

export function isMap(value: Plain | undefined): value is Record<string, Plain> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** Returns a document in YAML, with values as texts; or why it cannot be read. */
export async function yamlValueIn(text: string): Promise<{ value?: Plain; state?: string }> {
  const { parseYamlDocument } = await loadPart<YamlPart>(
    "../../../formats/yaml/document.ts",
    import.meta.url,
  );
  const { root, problems: [problem] } = parseYamlDocument(text, {
    resolve: ({ text, isPlain }) => isPlain && /^(null|~)?$/i.test(text) ? null : { text, isPlain },
  });
  if (problem !== undefined) return { state: problem.state };
  return root === undefined ? {} : { value: plainOf(root) };
}

function plainOf(node: Node): Plain {
  if (node.kind === "scalar") return node.value === null ? null : node.value.text;
  if (node.kind === "list") {
    const list = PlainList.from(node.items, plainOf) as PlainList;
    list.json = jsonOf(node);
    return list;
  }
  return Object.fromEntries(node.entries.map(({ key, node }) => [key, plainOf(node)]));
}

/** Returns a node as JSON, with numbers as they are written. */
function jsonOf(node: Node): string {
  if (node.kind === "list") return `[${node.items.map(jsonOf).join(",")}]`;
  if (node.kind === "map") {
    const members = node.entries.map(({ key, node }) => `${JSON.stringify(key)}:${jsonOf(node)}`);
    return `{${members.join(",")}}`;
  }
  if (node.value === null) return "null";
  const { text, isPlain } = node.value;
  if (isPlain && /^(true|false)$/i.test(text)) return text.toLowerCase();
  const number = text.replace(/^\+/, "").replace(/^(-?)\./, "$10.");
  const isNumber = isPlain && /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(number);
  return isNumber ? number : JSON.stringify(text);
}

/** Returns a path, or the scheme of a URL, whose rest may be secret. */
export function withoutSecrets(place: string): string {
  return place.replace(/^([a-z][a-z0-9+.-]+:\/\/)[^]*$/i, "$1…");
}

export function below(path: string, folder: string): string {
  return folder === "" ? path : path.slice(folder.length + 1);
}

/** Returns the message of an error, in one line. */
export function reasonOf(error: unknown): string {
  return messageOf(error).replaceAll(/\s+/g, " ");
}
