// Files of a cache or a remote of DVC, which have the names of their hashes:
//
//   files/md5/06/7e3ae7…        DVC 3          06/7e3ae7…        DVC 1 and 2
//   files/md5/06/7e3ae7….dir    the list of a folder: [{"md5": "…", "relpath": "a/b"}]
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { FileToSave } from "../../../../materializers/mod.ts";
import {
  corrupt,
  isJsonObject,
  iterableStream,
  joinPath,
  nameOf,
  parsedJson,
  shown,
} from "../../../../core/kernel.ts";
import type { FileEntry } from "../../../../files/mod.ts";
import type { SourceFiles } from "../source_files.ts";
import { below, isMd5, type Output } from "./descriptions.ts";

const MOST_BYTES_OF_LIST = 64 * 1024 * 1024;
const MOST_FILES = 200_000;

export interface CachePlace {
  readonly files: SourceFiles;
  readonly folder: string;
}

export class DvcCache {
  readonly #places: readonly CachePlace[];
  /** The files of each folder that was listed, by their names. */
  readonly #listed = new Map<string, Promise<Map<string, FileEntry>>>();

  constructor(places: readonly CachePlace[]) {
    this.#places = places;
  }

  /** Returns the files of an output; undefined if the cache lacks it. */
  async filesOf(output: Output, problems: string[]): Promise<FileToSave[] | undefined> {
    if (!output.md5.endsWith(".dir")) {
      const file = await this.#file(output);
      return file && [file];
    }
    const list = await this.#find(output);
    if (list === undefined) return undefined;
    const text = await list.files.text(list.entry, problems, MOST_BYTES_OF_LIST);
    if (text === undefined) return [];
    if (`${md5Of(text)}.dir` !== output.md5) {
      problems.push(`the list of ${shown(output.path)} has a different MD5`);
      return [];
    }
    const files: FileToSave[] = [];
    for (const [path, md5] of membersIn(text, output, problems)) {
      const file = await this.#file({ ...output, path, md5 });
      if (file === undefined) problems.push(missing({ path, md5 }));
      else files.push(file);
    }
    return files;
  }

  async #file(output: Output): Promise<FileToSave | undefined> {
    const found = await this.#find(output);
    if (found === undefined) return undefined;
    const { files, entry } = found;
    return checkedFile(output, entry.size, () => files.chunks(entry.path));
  }

  async #find({ md5, isLegacy }: Pick<Output, "md5" | "isLegacy">) {
    const folder = md5.slice(0, 2), name = md5.slice(2);
    const layouts = isLegacy ? ["", "files/md5"] : ["files/md5", ""];
    for (const { files, folder: root } of this.#places) {
      for (const layout of layouts) {
        const path = joinPath(joinPath(root, layout), folder);
        const entry = (await this.#list(files, path)).get(name);
        if (entry !== undefined) return { files, entry };
      }
    }
  }

  #list(files: SourceFiles, folder: string): Promise<Map<string, FileEntry>> {
    const key = `${files.store.location} ${folder}`;
    const known = this.#listed.get(key);
    if (known !== undefined) return known;
    const listed = files.list(folder).then((entries) =>
      new Map(
        entries.filter(({ kind }) => kind === "file").map((each) => [nameOf(each.path), each]),
      )
    );
    this.#listed.set(key, listed);
    return listed;
  }
}

/** Returns a file whose bytes are checked while they are saved. */
export function checkedFile(
  { path, md5, isLegacy }: Omit<Output, "has">,
  size: number,
  read: () => AsyncIterable<Uint8Array>,
): FileToSave {
  async function* chunks() {
    const hash = createHash("md5"), asText = createHash("md5");
    let held = "";
    for await (const chunk of read()) {
      hash.update(chunk);
      if (isLegacy) held = updateText(asText, held, chunk);
      yield chunk;
    }
    const found = hash.digest("hex");
    if (found !== md5 && (!isLegacy || asText.update(held, "latin1").digest("hex") !== md5)) {
      throw corrupt("import", path, `its MD5 is ${found}, not ${md5}`);
    }
  }
  return { path, content: { size, stream: () => iterableStream(chunks()) } };
}

export function missing({ path, md5 }: Pick<Output, "path" | "md5">): string {
  return `${shown(path)} is not in the cache (${md5}): run dvc fetch --all-tags, or pass --remote`;
}

/** Adds bytes with `\n` in place of `\r\n`. Returns a last `\r`. */
function updateText(
  hash: ReturnType<typeof createHash>,
  held: string,
  chunk: Uint8Array,
): string {
  const text = (held + Buffer.from(chunk).toString("latin1")).replaceAll("\r\n", "\n");
  const rest = text.endsWith("\r") ? "\r" : "";
  hash.update(text.slice(0, text.length - rest.length), "latin1");
  return rest;
}

function md5Of(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

/** Yields the paths and hashes of a list. Members that do not fit are problems. */
function membersIn(text: string, output: Output, problems: string[]): [string, string][] {
  const list = parsedJson(text);
  if (!Array.isArray(list) || list.length > MOST_FILES) {
    problems.push(`the list of ${shown(output.path)} is not a list of up to ${MOST_FILES} files`);
    return [];
  }
  const members = new Map<string, string>();
  for (const member of list) {
    const { md5, relpath } = isJsonObject(member) ? member : {};
    const path = typeof relpath === "string" ? below("", relpath) : undefined;
    const fits = path !== undefined && path !== "" && path === relpath;
    if (!fits || !isMd5(md5) || md5.endsWith(".dir") || members.has(path)) {
      problems.push(
        `the list of ${shown(output.path)} has a wrong file: ${shown(String(relpath))}`,
      );
    } else members.set(path, md5);
  }
  return [...members].map(([path, md5]) => [joinPath(output.path, path), md5]);
}
