// Values from the shell: a file, a folder, or standard input.
import { createReadStream } from "node:fs";
import { lstat, opendir, readFile, realpath, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { join, resolve } from "node:path";
import { localPath, type RegistryError } from "../../../mod.ts";
import type { LocalPathOptions } from "../../../materializers/mod.ts";
import { fault } from "../../../core/errors.ts";
import { shellWord } from "../program/hints.ts";
import type { CliIo } from "../terminal/cli_io.ts";

/** How the bytes of a source are taken: as a value of JSON, as text, or as they are. */
export type SourceKind = "json" | "text" | "bytes";

export interface ReadValueOptions extends LocalPathOptions {
  /** @default a file or folder by its path, standard input as bytes */
  as?: SourceKind;
  /** Take standard input also where nothing comes. @default false: `Invalid` */
  allowEmpty?: boolean;
}

/** The value of a source: a path, or `-` for standard input. */
export async function readValue(
  source: string,
  io: CliIo,
  options: ReadValueOptions = {},
): Promise<unknown> {
  const { as, allowEmpty = false, ...tree } = options;
  if (source === "-") {
    const input = io.stdin.stream().pipeThrough(new TransformStream<Uint8Array>(), {
      signal: io.signal,
    });
    const stream = allowEmpty ? input : await notEmpty(input);
    return as === undefined || as === "bytes"
      ? stream
      : decode(await new Response(stream).bytes(), as, "standard input");
  }
  if (source === "") {
    throw fault({
      code: "Invalid",
      action: "read what is to be saved",
      state: "its path is empty",
      hint: "Is a variable of the shell not set? The current folder is written as a dot: .",
    });
  }
  const path = resolve(io.cwd, source);
  const found = await stat(path).catch((cause) => {
    if (cause.code !== "ENOENT") throw cause;
    throw fault({
      code: "NotFound",
      action: "read",
      subject: JSON.stringify(source),
      state: "there is no such file or folder",
      hint: "Check the path, or give - for standard input.",
      cause,
    });
  });
  if (!found.isFile() && !found.isDirectory()) {
    throw fault({
      code: "Unsupported",
      action: "save",
      subject: JSON.stringify(source),
      state: "it is a pipe, socket or device",
      hint: `Save what it gives: holdfast save NAME - < ${shellWord(source)}`,
    });
  }
  if (as === undefined) return localPath(await realpath(path), tree); // a link named here means its target
  if (found.isDirectory()) {
    throw fault({
      code: "Invalid",
      action: "save folder",
      subject: `${JSON.stringify(source)} as ${as}`,
      state: "only a file has one content",
      hint: "Leave out --as to save the folder with all of its files.",
    });
  }
  if (as === "bytes") return Readable.toWeb(createReadStream(path));
  return decode(await readFile(path), as, JSON.stringify(source));
}

/** The same stream, once its first bytes are there. */
async function notEmpty(stream: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw emptyInput();
    if (value.byteLength === 0) continue;
    const first = value;
    let isFirst = true;
    return new ReadableStream({
      async pull(controller) {
        if (isFirst) {
          isFirst = false;
          return controller.enqueue(first);
        }
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    });
  }
}

function emptyInput(): RegistryError {
  return fault({
    code: "Invalid",
    action: "save standard input",
    state: "nothing came",
    hint: "Has the program before it failed? Add --allow-empty where nothing is meant.",
  });
}

/** Parses JSON. A number that JavaScript would alter is refused. */
export function parseExactJson(text: string): unknown {
  return JSON.parse(text, exactNumber);
}

function exactNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source ?? "";
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  if (Number.isFinite(value) && !(/^-?\d+$/.test(source) && BigInt(source) !== BigInt(value))) {
    return value;
  }
  throw new RangeError(`the number ${source} is too large to be kept exactly`);
}

function decode(bytes: Uint8Array, as: "json" | "text", source: string): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return as === "text" ? text : parseExactJson(text);
  } catch (cause) {
    const why = as === "text" || cause instanceof TypeError
      ? "not UTF-8"
      : (cause as Error).message;
    throw fault({
      code: "Invalid",
      action: "read",
      subject: `${source} as ${as}`,
      state: why,
      hint: "Leave out --as to save the bytes as they are.",
      cause,
    });
  }
}

/** Adds up what a source holds, while it is being saved: `bytes` is there once everything is counted. */
export function measureSource(source: string, io: CliIo): { bytes?: number } {
  const total: { bytes?: number } = {};
  if (source === "-") return total;
  const count = (bytes: number) => void (total.bytes = bytes);
  sizeOf(resolve(io.cwd, source)).then(count, () => {}); // what cannot be read fails the save itself
  return total;
}

async function sizeOf(path: string): Promise<number> {
  const found = await lstat(path);
  if (!found.isDirectory()) return found.isFile() ? found.size : 0;
  let bytes = 0;
  for await (const { name } of await opendir(path)) bytes += await sizeOf(join(path, name));
  return bytes;
}
