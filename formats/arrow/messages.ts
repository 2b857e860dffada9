// The messages of an Arrow file or stream
// (https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc),
// read by flechette. It takes every offset and count for true, so it is given bytes that check them.
import { decodeBlocks } from "npm:@uwdata/flechette@2.6.0/src/decode/block.js";
import { decodeDictionaryBatch } from "npm:@uwdata/flechette@2.6.0/src/decode/dictionary-batch.js";
import { decodeRecordBatch } from "npm:@uwdata/flechette@2.6.0/src/decode/record-batch.js";
import { decodeSchema } from "npm:@uwdata/flechette@2.6.0/src/decode/schema.js";
import * as flat from "npm:@uwdata/flechette@2.6.0/src/util/read.js";
import { isRegistryError, messageOf, type RegistryError } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { openWindow } from "../content/window.ts";
import { corruptTable, unsupportedTable } from "../tables/table_file.ts";

const MAGIC = "ARROW1";
/** The first bytes of a Feather file of version 1, which is not an Arrow file. */
const FEATHER1 = "FEA1";
/** What stands before the length of a message, since 0.15. */
const CONTINUATION = 0xffffffff;
/** The versions of metadata that are read: of 0.8 and 1.0. */
const VERSIONS = [3, 4];
const KIND = { schema: 1, dictionary: 2, batch: 3 };
/** The heads of most messages are shorter. */
const HEAD_BYTES = 4096;
/** Bodies up to this are read with what follows them, where all of them is wanted. */
const SMALL_BYTES = 262_144;

export interface FlatField {
  name: string;
  nullable: boolean;
  type: FlatType;
}

export interface FlatType {
  typeId: number;
  id: number;
  bitWidth: number;
  signed: boolean;
  unit: number;
  mode: number;
  timezone?: string | null;
  children?: FlatField[];
  dictionary?: FlatType;
  indices: FlatType;
  // deno-lint-ignore no-explicit-any
  values: any;
}

export interface FlatBatch {
  length: number;
  nodes: { length: number; nullCount: number }[];
  regions: { offset: number; length: number }[];
  compression: { codec: number; method: number } | null;
  variadic: number[];
}

/** What all messages but the schema have: where the body lies. */
interface Body {
  offset: number;
  length: number;
  /** The body, where it is small and wanted. */
  body?: Uint8Array;
}

export type Message =
  | { kind: "schema"; fields: FlatField[]; version: number; end?: number }
  | { kind: "dictionary"; id: number; isDelta: boolean; batch: FlatBatch } & Body
  | { kind: "batch"; batch: FlatBatch } & Body;

/** Options of {@linkcode readMessages}. */
export interface MessageOptions {
  /** Heads of more bytes are refused. */
  maxHeadBytes: number;
  /** Whether small bodies are wanted: then many messages come with one request. */
  withBodies?: boolean;
  signal?: AbortSignal;
}

/** The messages: those that the end of a file lists, or those of a stream up to its end. */
export async function* readMessages(
  file: FileToDecode,
  { maxHeadBytes, withBodies = false, signal }: MessageOptions,
): AsyncGenerator<Message> {
  const { path, size } = file;
  const refuse = (state: string): RegistryError => corruptTable(path, state);
  const read = openWindow(file, { end: size, aheadBytes: HEAD_BYTES, refuse, signal });
  let ahead = HEAD_BYTES;
  const start = new TextDecoder("latin1").decode(await read(0, Math.min(size, 6)));
  if (start.startsWith(FEATHER1)) {
    const hint = "Write it again: to_feather() of pandas writes version 2.";
    throw unsupportedTable(path, "it is a Feather file of version 1", hint);
  }

  async function readHead(at: number, length: number): Promise<Uint8Array> {
    if (length > size - at) {
      throw refuse(`it is cut off: ${length} bytes at byte ${at} are missing`);
    }
    if (length <= maxHeadBytes) return await read(at, length, ahead);
    const hint = "Pass a larger maxHeadBytes where the file can be trusted.";
    const state = `a message says ${length} bytes of itself, ${maxHeadBytes} are allowed`;
    throw unsupportedTable(path, state, hint);
  }
  async function readMessage(at: number): Promise<Message & { end: number } | undefined> {
    let prefix = viewOf(await read(at, 4, ahead));
    let from = at + 4;
    if (prefix.getUint32(0, true) === CONTINUATION) {
      prefix = viewOf(await read(from, 4));
      from += 4;
    }
    const length = prefix.getUint32(0, true);
    if (length === 0) return undefined;
    const head = await readHead(from, length);
    const message = parse(path, at, () => decode(path, bounded(head), from + length, size));
    if (!withBodies || message.kind === "schema") return message;
    ahead = message.length <= SMALL_BYTES ? SMALL_BYTES : HEAD_BYTES;
    if (ahead === HEAD_BYTES) return message;
    return { ...message, body: await read(message.offset, message.length, ahead) };
  }

  if (size >= 12 && start === MAGIC) {
    const tail = openWindow(file, { end: size, aheadBytes: 0, refuse, signal });
    const end = await tail(size - 10, 10);
    if (new TextDecoder("latin1").decode(end.subarray(4)) !== MAGIC) throw refuse("it is cut off");
    const length = viewOf(end).getUint32(0, true);
    const bytes = await readHead(Math.max(0, size - 10 - length), length);
    const { offsets, ...schema } = parse(path, size - 10 - length, () => {
      const footer = bounded(bytes);
      const get = flat.readObject(footer, 0);
      const version = checkVersion(path, get(4, flat.readInt16, 0));
      const blocks: Body[] = [...get(8, decodeBlocks, []), ...get(10, decodeBlocks, [])];
      return {
        ...schemaOf(path, footer, get(6, flat.readOffset, 0), version),
        offsets: blocks.map(({ offset }) => offset),
      };
    });
    yield schema;
    for (const offset of offsets) { // dictionaries first, wherever they lie
      if (!(offset >= 8 && offset < size)) throw refuse(`a batch begins at byte ${offset}`);
      const message = await readMessage(offset);
      if (message === undefined) throw refuse(`no message begins at byte ${offset}`);
      yield message;
    }
    return;
  }
  for (let at = 0; at < size || at === 0;) { // a stream may end without a mark
    const message = await readMessage(at);
    if (message === undefined) return;
    yield message;
    at = message.end;
  }
}

function decode(
  path: string,
  head: Uint8Array,
  offset: number,
  size: number,
): Message & { end: number } {
  const get = flat.readObject(head, 0);
  const version = checkVersion(path, get(4, flat.readInt16, 0));
  const kind = get(6, flat.readUint8, 0);
  const at = get(8, flat.readOffset, 0);
  const length = get(10, flat.readInt64, 0);
  const end = offset + length;
  if (at === 0 || length < 0 || end > size) {
    throw corruptTable(path, `it is cut off at byte ${offset}`);
  }
  switch (kind) {
    case KIND.schema:
      return { ...schemaOf(path, head, at, version), end };
    case KIND.dictionary: {
      const { id, isDelta, data } = decodeDictionaryBatch(head, at, version);
      if (!data) throw corruptTable(path, `the dictionary before byte ${offset} is empty`);
      return { kind: "dictionary", id, isDelta, batch: data, offset, length, end };
    }
    case KIND.batch:
      return { kind: "batch", batch: decodeRecordBatch(head, at, version), offset, length, end };
  }
  throw corruptTable(path, `the message before byte ${offset} is of an unknown kind`);
}

function checkVersion(path: string, version: number): number {
  if (VERSIONS.includes(version)) return version;
  throw unsupportedTable(path, `its metadata is of version ${version + 1}, which is not read here`);
}

function schemaOf(path: string, head: Uint8Array, at: number, version: number) {
  const { fields, endianness } = decodeSchema(head, at, version);
  if (endianness !== 0) {
    throw unsupportedTable(path, "its numbers have their most significant byte first");
  }
  // flechette drops a byte order mark that a name begins with.
  const names: string[] = flat.readObject(head, at)(
    6,
    (bytes: Uint8Array, at: number) =>
      flat.readVector(
        bytes,
        at,
        4,
        (bytes: Uint8Array, at: number) => flat.readObject(bytes, at)(4, readName, ""),
      ),
    [],
  );
  return {
    kind: "schema" as const,
    version,
    fields: (fields as FlatField[]).map((field, i): FlatField => ({ ...field, name: names[i] })),
  };
}

function readName(bytes: Uint8Array, at: number): string {
  const start = at + flat.readInt32(bytes, at) + 4;
  const name = bytes.subarray(start, start + flat.readInt32(bytes, start - 4));
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(name);
}

class FlatProblem extends Error {}

/** Bytes that throw where one is read that is not there, or any of them more often than a message needs. */
function bounded(bytes: Uint8Array): Uint8Array {
  let left = 65_536 + bytes.length * 32;
  function spend(count: number): void {
    if ((left -= count) < 0) throw new FlatProblem("it says the same again and again");
  }
  function subarray(from: number, to: number): Uint8Array {
    if (!(from >= 0 && from <= to && to <= bytes.length)) throw new FlatProblem("it is cut off");
    spend(to - from);
    return bytes.subarray(from, to);
  }
  return new Proxy(bytes, {
    get(_, key) {
      if (key === "subarray") return subarray;
      spend(1);
      const value = Reflect.get(bytes, key, bytes);
      if (value === undefined) throw new FlatProblem("it is cut off");
      return value;
    },
  });
}

/** What `make` gives; anything else that it throws says that the message is damaged. */
function parse<T>(path: string, at: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (isRegistryError(error)) throw error;
    throw corruptTable(path, `the message at byte ${at} is damaged (${messageOf(error)})`, error);
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
