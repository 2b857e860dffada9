// The messages of an Arrow file or stream
// (https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc),
// decoded by flechette. It trusts offsets and counts, so its input checks every read.
import { decodeBlocks } from "npm:@uwdata/flechette@2.6.0/src/decode/block.js";
import { decodeDictionaryBatch } from "npm:@uwdata/flechette@2.6.0/src/decode/dictionary-batch.js";
import { decodeRecordBatch } from "npm:@uwdata/flechette@2.6.0/src/decode/record-batch.js";
import { decodeSchema } from "npm:@uwdata/flechette@2.6.0/src/decode/schema.js";
import * as flat from "npm:@uwdata/flechette@2.6.0/src/util/read.js";
import { isRegistryError, messageOf, type RegistryError } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { openWindow } from "../content/window.ts";
import { viewOf } from "../arrays/view_bytes.ts";
import { corruptTable, unsupportedTable } from "../content/file_faults.ts";

const MAGIC = "ARROW1";
/** Magic bytes of Feather version 1, which is not Arrow. */
const FEATHER1 = "FEA1";
/** Precedes the length of a message, since 0.15. */
const CONTINUATION = 0xffffffff;
/** Supported metadata versions: of 0.8 and 1.0. */
const VERSIONS = [3, 4];
const KIND = { schema: 1, dictionary: 2, batch: 3 };
/** Larger heads are refused, before memory is allocated. */
const MAX_HEAD_BYTES = 16 * 1024 * 1024;
/** Most heads are shorter. */
const HEAD_BYTES = 4096;
/** Bodies up to this size are read with those that follow, if all of them is wanted. */
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

/** The range of the body; its bytes if it is small and wanted. */
interface Body {
  offset: number;
  length: number;
  body?: Uint8Array;
}

export type Message =
  | { kind: "schema"; fields: FlatField[]; version: number; end?: number }
  | { kind: "dictionary"; id: number; isDelta: boolean; batch: FlatBatch } & Body
  | { kind: "batch"; batch: FlatBatch } & Body;

export interface MessageOptions {
  /** Reads small bodies too, many messages per request. */
  withBodies?: boolean;
  signal?: AbortSignal;
}

/** Yields the messages that the footer of a file lists, or those of a stream. */
export async function* readMessages(
  file: FileToDecode,
  { withBodies = false, signal }: MessageOptions = {},
): AsyncGenerator<Message> {
  const { path, size } = file;
  const refuse = (state: string): RegistryError => corruptTable(path, state);
  const read = openWindow(file, { end: size, aheadBytes: HEAD_BYTES, refuse, signal });
  let ahead = HEAD_BYTES;
  const start = new TextDecoder("latin1").decode(await read(0, Math.min(size, 6)));
  if (start.startsWith(FEATHER1)) {
    const hint = "Write it again as version 2: to_feather() of pandas does.";
    throw unsupportedTable(path, "it is a Feather file of version 1", hint);
  }

  async function readHead(at: number, length: number): Promise<Uint8Array> {
    if (length > size - at) {
      throw refuse(`file is truncated: ${length} bytes at byte ${at} are missing`);
    }
    if (length <= MAX_HEAD_BYTES) return await read(at, length, ahead);
    const state = `a message declares ${length} bytes, ${MAX_HEAD_BYTES} are allowed`;
    throw unsupportedTable(path, state);
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
    if (new TextDecoder("latin1").decode(end.subarray(4)) !== MAGIC) {
      throw refuse("file is truncated");
    }
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
    for (const offset of offsets) { // dictionaries first, whatever their offsets
      if (!(offset >= 8 && offset < size)) throw refuse(`invalid offset ${offset} of a batch`);
      const message = await readMessage(offset);
      if (message === undefined) throw refuse(`no message at byte ${offset}`);
      yield message;
    }
    return;
  }
  for (let at = 0; at < size || at === 0;) { // a stream may end without an end marker
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
    throw corruptTable(path, `file is truncated at byte ${offset}`);
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
  throw corruptTable(path, `unknown kind of message before byte ${offset}`);
}

function checkVersion(path: string, version: number): number {
  if (VERSIONS.includes(version)) return version;
  throw unsupportedTable(path, `its metadata has version ${version + 1}`);
}

function schemaOf(path: string, head: Uint8Array, at: number, version: number) {
  const { fields, endianness } = decodeSchema(head, at, version);
  if (endianness !== 0) throw unsupportedTable(path, "its numbers are big-endian");
  // flechette drops a byte order mark at the start of a name.
  const nameAt = (bytes: Uint8Array, at: number) => flat.readObject(bytes, at)(4, readName, "");
  const namesAt = (bytes: Uint8Array, at: number) => flat.readVector(bytes, at, 4, nameAt);
  const names: string[] = flat.readObject(head, at)(6, namesAt, []);
  return {
    kind: "schema" as const,
    version,
    fields: (fields as FlatField[]).map((field, i): FlatField => ({ ...field, name: names[i]! })),
  };
}

function readName(bytes: Uint8Array, at: number): string {
  const start = at + flat.readInt32(bytes, at) + 4;
  const name = bytes.subarray(start, start + flat.readInt32(bytes, start - 4));
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(name);
}

class FlatProblem extends Error {}

/** Wraps bytes so that reads out of bounds throw, and so do more reads than a message needs. */
function bounded(bytes: Uint8Array): Uint8Array {
  let left = 65_536 + bytes.length * 32;
  function spend(count: number): void {
    if ((left -= count) < 0) throw new FlatProblem("too many repeated references");
  }
  function subarray(from: number, to: number): Uint8Array {
    if (!(from >= 0 && from <= to && to <= bytes.length)) {
      throw new FlatProblem("data is truncated");
    }
    spend(to - from);
    return bytes.subarray(from, to);
  }
  return new Proxy(bytes, {
    get(_, key) {
      if (key === "subarray") return subarray;
      spend(1);
      const value = Reflect.get(bytes, key, bytes);
      if (value === undefined) throw new FlatProblem("data is truncated");
      return value;
    },
  });
}

/** Runs `make` and turns unexpected errors into `Corrupt`. */
function parse<T>(path: string, at: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (isRegistryError(error)) throw error;
    throw corruptTable(path, `the message at byte ${at} is damaged (${messageOf(error)})`, error);
  }
}
