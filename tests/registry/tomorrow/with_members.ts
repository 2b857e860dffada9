// The store of a program of tomorrow: every JSON object that it stores has a member that no program
// of today knows.
import type { Backend, PutOptions } from "../../../core/backend.ts";
import { bodyBytes, concatBytes } from "../../../core/bytes/bytes.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { TOMBSTONE_BYTES } from "../../../registry/format/record_codec.ts";

type Json = Record<string, unknown>;

/** The member, and its value. */
export const TOMORROW = { tomorrow: { since: "2027", of: [1, "é"] } };

/** The members of a record whose objects get the member, too; lists of objects, each of them. */
export const WITHIN: readonly string[] = [
  "by",
  "settings",
  "materializer",
  "files",
  "parts",
  "chunks",
  "fileList",
  "inputs",
  "origin",
  "mirrorOf",
  "restored",
  "deletedBy",
  "restoredBy",
  "target",
];

export function withMember(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMember);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([name, inner]) => [
    name,
    WITHIN.includes(name) ? withMember(inner) : inner,
  ]);
  return { ...Object.fromEntries(members), ...TOMORROW };
}

const encoder = new TextEncoder(), decoder = new TextDecoder();
const NEWLINE = 10;

function changedRecord(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(NEWLINE);
  const { sum: _, ...record } = JSON.parse(decoder.decode(bytes.subarray(0, end))) as Json;
  const text = JSON.stringify(withMember(record)).slice(0, -1);
  const inline = bytes.subarray(end + 1);
  const sized = (spaces: number) => {
    const whole = text + " ".repeat(spaces);
    return concatBytes([encoder.encode(`${whole},"sum":"${sha256(whole)}"}\n`), inline]);
  };
  const plain = sized(0);
  if (record.kind === "deleted") return sized(TOMBSTONE_BYTES - plain.byteLength);
  return plain.byteLength === TOMBSTONE_BYTES ? sized(1) : plain;
}

/** Changes the JSON after a digest, up to the end of its line. */
function changedNote(bytes: Uint8Array): Uint8Array {
  const from = bytes.indexOf(NEWLINE) + 1;
  const end = bytes.indexOf(NEWLINE, from) < 0 ? bytes.byteLength : bytes.indexOf(NEWLINE, from);
  const note = JSON.parse(decoder.decode(bytes.subarray(from, end))) as Json;
  if (note.state === "discarded") return bytes; // is known by its size
  const body = concatBytes([
    encoder.encode(JSON.stringify(withMember(note))),
    bytes.subarray(end),
  ]);
  return concatBytes([encoder.encode(`${sha256(body)}\n`), body]);
}

/** Returns what a program of tomorrow stores in place of these bytes. */
function changed(key: string, bytes: Uint8Array): Uint8Array {
  if (key.endsWith(".rec")) return changedRecord(bytes);
  if (/^(drafts|gc|mirrors)\//.test(key)) return changedNote(bytes);
  if (/^uploads\/[^/]+\/0$/.test(key)) {
    return encoder.encode(JSON.stringify(withMember(JSON.parse(decoder.decode(bytes)))));
  }
  return bytes;
}

export function writtenTomorrow(inner: Backend): Backend {
  return Object.assign(Object.create(inner), {
    async put(key: string, body: Parameters<Backend["put"]>[1], options: PutOptions = {}) {
      const bytes = changed(key, await bodyBytes(body));
      return await inner.put(key, bytes, { ...options, size: bytes.byteLength });
    },
  });
}

/** Reads the first line of the newest record below a prefix. */
export async function newestRecord(store: Backend, prefix: string): Promise<Json> {
  for await (const entry of store.list(prefix)) {
    if (!("key" in entry) || !entry.key.endsWith(".rec")) continue;
    const bytes = await (await store.get(entry.key))!.bytes();
    return JSON.parse(decoder.decode(bytes.subarray(0, bytes.indexOf(NEWLINE))));
  }
  throw new Error(`no record below ${prefix}`);
}
