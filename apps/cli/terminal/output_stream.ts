// Bytes to standard output, or to a file that appears only when it is whole.
import { open, rename, stat, unlink } from "node:fs/promises";
import { resolve } from "node:path";
import { fault } from "../../../core/errors.ts";
import type { CommandContext } from "../program/command.ts";

export interface WriteStreamOptions {
  /** The file to write, or `-`. @default "-" */
  output?: string;
  /** Bytes in all, for the progress. */
  totalBytes?: number;
  label: string;
}

/** Writes a stream to standard output or into a file; a file that was there is replaced at the end, or not at all. */
export async function writeStream(
  stream: ReadableStream<Uint8Array>,
  context: CommandContext,
  options: WriteStreamOptions,
): Promise<void> {
  const { output = "-", totalBytes, label } = options;
  const { io } = context;
  if (output !== "-") {
    return await writeFile(counted(stream, context, { label, totalBytes }), output, context);
  }
  if (!io.stdout.isTerminal) stream = counted(stream, context, { label, totalBytes });
  for await (const chunk of stream) {
    if (io.stdout.isTerminal) refuseBinary(chunk);
    await io.stdout.write(chunk);
  }
}

/** The same stream, shown as it moves and ended by the signal of the run. */
function counted(
  stream: ReadableStream<Uint8Array>,
  context: CommandContext,
  { label, totalBytes }: { label: string; totalBytes?: number },
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
  const path = resolve(context.io.cwd, output);
  const subject = JSON.stringify(output);
  const hint = "Name a file in a folder that is there.";
  if ((await stat(path).catch(() => undefined))?.isDirectory()) {
    throw fault({ code: "Invalid", action: "write", subject, state: "it is a folder", hint });
  }
  const partial = `${path}.${context.io.system.id()}.partial`;
  const file = await open(partial, "wx").catch((cause) => {
    if (cause.code !== "ENOENT") throw cause;
    const state = "there is no such folder";
    throw fault({ code: "NotFound", action: "write", subject, state, hint, cause });
  });
  try {
    try {
      for await (const chunk of stream) await file.writeFile(chunk);
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await unlink(partial);
    throw error;
  }
}

/** Control characters besides white space and escape sequences are what a terminal cannot show. */
function refuseBinary(chunk: Uint8Array): void {
  if (!chunk.includes(0)) return;
  throw fault({
    code: "Invalid",
    action: "print this",
    state: "it is binary and standard output is a terminal",
    hint: "Add --output FILE, pipe it into a program, or use: holdfast download REF FOLDER",
  });
}
