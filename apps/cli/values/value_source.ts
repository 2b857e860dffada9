// Values to save: a file, a folder, or standard input.
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, realpath, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { join, resolve } from "node:path";
import { localPath, type LocalPathOptions } from "../../../materializers/mod.ts";
import { isRegistryError, unsupported } from "../../../core/errors.ts";
import { parseExactJson } from "../../../core/text/json_text.ts";
import { invalid, notFound, shellWord } from "../terminal/hints.ts";
import { type CliIo, stdinOf } from "../terminal/cli_io.ts";

export type SourceKind = "json" | "text" | "bytes";

interface ReadValueOptions extends LocalPathOptions {
  /** @default a file or folder as such, standard input as bytes */
  as?: SourceKind;
  /** Accept empty standard input and an empty folder. @default false: `Invalid` */
  allowEmpty?: boolean;
}

/** Reads a value from a path, or from standard input for `-`. */
export async function readValue(
  source: string,
  io: CliIo,
  options: ReadValueOptions = {},
): Promise<unknown> {
  const { as, allowEmpty = false, ...tree } = options;
  if (source === "-") {
    const stream = allowEmpty ? stdinOf(io) : await notEmpty(stdinOf(io));
    return as === undefined || as === "bytes"
      ? stream
      : decode(await new Response(stream).bytes(), as, "standard input");
  }
  if (source === "") {
    const hint = "Check for an unset shell variable. For the current folder, pass: .";
    throw invalid("save", "the path is empty", hint);
  }
  const quoted = JSON.stringify(source);
  const path = resolve(io.cwd, source);
  const stats = await stat(path).catch((cause) => {
    if (cause.code !== "ENOENT") throw cause;
    const hint = /^[a-z][a-z0-9+.-]+:\/\//i.test(source)
      ? `A URL is not read. Pipe its content: curl -fL ${shellWord(source)} | holdfast save NAME -`
      : "Check the path, or use - for standard input.";
    throw notFound(`read ${quoted}`, "no such file or folder", hint, cause);
  });
  if (!stats.isFile() && !stats.isDirectory()) {
    throw unsupported(`save ${quoted}`, undefined, "it is a pipe, socket or device", {
      hint: `Save its content: holdfast save NAME - < ${shellWord(source)}`,
    });
  }
  if (as === undefined) { // follows a link given here
    return localPath(await realpath(path), { ...tree, empty: allowEmpty ? "keep" : "refuse" });
  }
  if (stats.isDirectory()) {
    const hint = "Omit --as to save the folder with all its files.";
    throw invalid(`save folder ${quoted} as ${as}`, "only a file can be read as a value", hint);
  }
  if (as === "bytes") return Readable.toWeb(createReadStream(path));
  return decode(await readFile(path), as, quoted);
}

/** Waits for the first bytes of a stream. */
async function notEmpty(stream: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const reader = stream.getReader();
  let first: Uint8Array | undefined;
  while (!first?.byteLength) {
    const { done, value } = await reader.read();
    if (done) {
      const hint = "Check the program before the pipe, or add --allow-empty to save empty content.";
      throw invalid("save from stdin", "input is empty", hint);
    }
    first = value;
  }
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = first === undefined ? await reader.read() : { value: first };
      first = undefined;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function decode(bytes: Uint8Array, as: "json" | "text", source: string): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: as === "text" }).decode(bytes);
    return as === "text" ? text : parseExactJson(text);
  } catch (cause) {
    if (isRegistryError(cause)) throw cause;
    const state = cause instanceof TypeError ? "not UTF-8" : (cause as Error).message;
    const hint = "Omit --as to save the bytes as they are.";
    throw invalid(`read ${source} as ${as}`, state, hint, cause);
  }
}

interface SourceSize {
  bytes: number;
  /** Undefined for a single file. */
  files?: number;
}

/** Measures a source during its save: sets `size` when done. Errors are left to the save. */
export function measureSource(source: string, io: CliIo): { size?: SourceSize } {
  const measured: { size?: SourceSize } = {};
  if (source !== "-") {
    sizeOf(resolve(io.cwd, source)).then((size) => void (measured.size = size), () => {});
  }
  return measured;
}

async function sizeOf(path: string): Promise<SourceSize> {
  const stats = await stat(path);
  if (!stats.isDirectory()) return { bytes: stats.size };
  const size = { bytes: 0, files: 0 };
  const add = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true });
    await Promise.all(entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return await add(path);
      size.files++;
      const { size: bytes } = await lstat(path);
      if (entry.isFile()) size.bytes += bytes;
    }));
  };
  await add(path);
  return size;
}
