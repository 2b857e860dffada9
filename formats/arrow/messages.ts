// The messages of an Arrow file or stream, one after the other
// (https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc).
import { isRegistryError, messageOf } from "../../core/errors.ts";
import type { RegistryError } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/format.ts";
import { openWindow } from "../../core/files/window.ts";
import { corruptTable, unsupportedTable } from "../../core/tables/table_file.ts";
import { readFlat } from "./flatbuffer.ts";
import type { FlatTable } from "./flatbuffer.ts";

/** What a file begins and ends with; a stream does not. */
export const MAGIC = "ARROW1";
/** The first bytes of a Feather file of version 1, which is not an Arrow file. */
const FEATHER1 = "FEA1";
/** The kinds of messages. */
export const KIND = { schema: 1, dictionary: 2, batch: 3 } as const;
/** What stands before the length of a message. */
export const CONTINUATION = 0xffffffff;
/** The version of messages that is written, and the one before it, which is read too. */
export const VERSION = 4;

/** The heads of most messages are shorter. */
const HEAD_BYTES = 4096;
/** Bodies up to this are read with what follows them, where all of them is wanted. */
const SMALL_BYTES = 262_144;

/** A message, whose body is not read. */
export interface Message {
  /** What kind it is. */
  kind: number;
  /** What it says. */
  head: FlatTable;
  /** Where its body begins. */
  offset: number;
  /** Bytes of the body. */
  length: number;
  /** The body, where it is small and wanted. */
  body?: Uint8Array;
}

/** What {@linkcode readMessages} is told. */
export interface MessageOptions {
  /** Heads of more bytes are refused. */
  maxHeadBytes: number;
  /** Whether small bodies are wanted: then many messages come with one request. @default false */
  withBodies?: boolean;
  /** Ends the reading. */
  signal?: AbortSignal;
}

/** The messages, up to the end that a file or a stream has. */
export async function* readMessages(
  file: FileToDecode,
  { maxHeadBytes, withBodies = false, signal }: MessageOptions,
): AsyncGenerator<Message> {
  const { path, size } = file;
  const refuse = (state: string): RegistryError => corruptTable(path, state);
  const read = openWindow(file, { end: size, aheadBytes: HEAD_BYTES, refuse, signal });
  const isFile = await hasMagic(read, size, 0);
  if (
    isFile &&
    !await hasMagic(openWindow(file, { end: size, aheadBytes: 0, refuse, signal }), size, size - 6)
  ) {
    throw refuse("it is cut off");
  }
  if (!isFile && size >= 4 && new TextDecoder("latin1").decode(await read(0, 4)) === FEATHER1) {
    throw unsupportedTable(
      path,
      "it is a Feather file of version 1",
      "Write it again: to_feather() of pandas writes version 2.",
    );
  }
  let ahead = withBodies ? SMALL_BYTES : HEAD_BYTES;
  for (let at = isFile ? 8 : 0;;) {
    if (at === size && at > 0 && !isFile) return; // a stream may end without a mark
    const start = viewOf(await read(at, 8, ahead));
    if (start.getUint32(0, true) !== CONTINUATION) throw refuse(`no message begins at byte ${at}`);
    const headBytes = start.getUint32(4, true);
    if (headBytes === 0) return;
    if (headBytes > size - at - 8) {
      throw refuse(`it is cut off: the message at byte ${at} has ${headBytes} bytes`);
    }
    if (headBytes > maxHeadBytes) {
      const hint = "Pass a larger maxHeadBytes where the file can be trusted.";
      throw unsupportedTable(
        path,
        `a message says ${headBytes} bytes of itself, ${maxHeadBytes} are allowed`,
        hint,
      );
    }
    const bytes = (await read(at + 8, headBytes, ahead)).slice();
    const message = parse(path, at, () => {
      const flat = readFlat(bytes);
      const head = flat.table(2);
      const offset = at + 8 + headBytes;
      const length = flat.number(3, 8);
      if (head === undefined || length < 0 || length > size - offset) {
        throw refuse(`it is cut off at byte ${at}`);
      }
      if (flat.number(0, 2) < VERSION - 1) {
        throw unsupportedTable(path, "it is of a version before 1.0");
      }
      return { kind: flat.number(1, 1), head, offset, length };
    });
    const isSmall = withBodies && message.length <= SMALL_BYTES;
    ahead = isSmall ? SMALL_BYTES : HEAD_BYTES;
    yield isSmall
      ? { ...message, body: await read(message.offset, message.length, ahead) }
      : message;
    at = message.offset + message.length;
  }
}

/** What `make` gives; anything that it throws but what is told already says that the message is damaged. */
export function parse<T>(path: string, at: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (isRegistryError(error)) throw error;
    throw corruptTable(path, `the message at byte ${at} is damaged (${messageOf(error)})`, error);
  }
}

async function hasMagic(
  read: (at: number, length: number) => Promise<Uint8Array>,
  size: number,
  at: number,
) {
  if (size < 12 || at < 0) return false;
  return String.fromCharCode(...await read(at, 6)) === MAGIC;
}

/** A view of bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
