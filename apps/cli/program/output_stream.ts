// Bytes to standard output, or to a file that appears only when it is complete.
import { open, rename, stat, unlink } from "node:fs/promises";
import { resolve } from "node:path";
import { behindLinks, foreignFile, keepAccess } from "../../../disk/keep_access.ts";
import type { CommandContext } from "./command.ts";
import { invalid, notFound } from "../terminal/hints.ts";

/** @internal */
interface WriteStreamOptions {
  /** The file to write, or `-`. @default "-" */
  output?: string;
  /** For the progress. */
  totalBytes?: number;
  label: string;
}

/**
 * Writes a stream to standard output or a file. An existing file is replaced at the end and keeps
 * its owner and mode; a link is followed; a device or a pipe is written to.
 */
export async function writeStream(
  stream: ReadableStream<Uint8Array>,
  context: CommandContext,
  options: WriteStreamOptions,
): Promise<void> {
  const { output = "-" } = options;
  const { stdout } = context.io;
  if (output !== "-") return await writeFile(counted(stream, context, options), output, context);
  for await (const chunk of stdout.isTerminal ? stream : counted(stream, context, options)) {
    if (stdout.isTerminal && chunk.includes(0)) {
      throw invalid(
        "print to a terminal",
        "the content is binary",
        "Add --output FILE, pipe it into a program, or use: holdfast download REF FOLDER",
      );
    }
    await stdout.write(chunk);
  }
}

/** Shows the progress of a stream; the signal of the run ends it. */
function counted(
  stream: ReadableStream<Uint8Array>,
  context: CommandContext,
  { label, totalBytes }: WriteStreamOptions,
): ReadableStream<Uint8Array> {
  const progress = context.progress(label);
  let bytes = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      progress.update({ bytes, totalBytes });
      controller.enqueue(chunk);
    },
    flush: () => progress.end(),
  });
  return stream.pipeThrough(counter, { signal: context.io.signal });
}

async function writeFile(
  stream: ReadableStream<Uint8Array>,
  output: string,
  context: CommandContext,
): Promise<void> {
  const path = behindLinks("write", resolve(context.io.cwd, output));
  const action = `write ${JSON.stringify(output)}`;
  const hint = "Pass a file in an existing folder.";
  const present = await stat(path).catch(() => undefined);
  if (present?.isDirectory()) throw invalid(action, "it is a folder", hint);
  const isDevice = present?.isFile() === false; // or a pipe
  const partial = isDevice ? path : `${path}.${context.io.system.id()}.partial`;
  const file = await open(partial, isDevice ? "w" : "wx").catch((cause) => {
    throw cause.code === "ENOENT" ? notFound(action, "no such folder", hint, cause) : cause;
  });
  try {
    try {
      if (!isDevice && !keepAccess(file.fd, present)) throw foreignFile("write", path, present!);
      for await (const chunk of stream) await file.writeFile(chunk);
    } finally {
      await file.close();
    }
    if (!isDevice) await rename(partial, path);
  } catch (error) {
    if (!isDevice) await unlink(partial);
    throw error;
  }
}
