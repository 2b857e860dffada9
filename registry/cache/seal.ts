// A cached record: a line of JSON on its origin, a line with a mark, then the stored bytes. The
// mark needs the cache's secret, so that records from programs without access to it are not used.
// The secret is created at first use, in the cache.
import type { Backend, ObjectInfo } from "../../core/backend.ts";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { hmacSha256, sha256 } from "../../core/bytes/digest.ts";
import type { System } from "../../core/system.ts";
import { SECRET } from "./entries.ts";

/** The head as listed when the record was cached. */
export type SeenHead = Pick<ObjectInfo, "size" | "modifiedAt" | "etag"> & { generation: number };

export interface RecordEntry {
  head: SeenHead;
  /** Local time of that listing, milliseconds since 1970. */
  checkedAt: number;
  bytes: Uint8Array;
}

const FORM = /^[0-9a-f]{64}$/;
const MARK_BYTES = 64;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Seal {
  readonly #backend: Backend;
  readonly #system: System;
  #secret?: string;

  constructor(backend: Backend, system: System) {
    this.#backend = backend;
    this.#system = system;
  }

  async encode(key: string, { head, checkedAt, bytes }: RecordEntry): Promise<Uint8Array> {
    this.#secret ??= await this.#read() ?? await this.#make();
    const { generation, size, modifiedAt, etag } = head;
    const line = encoder.encode(
      `${JSON.stringify({ generation, size, modifiedAt, etag, checkedAt })}\n`,
    );
    const mark = encoder.encode(`${markOf(this.#secret, key, line, bytes)}\n`);
    return concatBytes([line, mark, bytes]);
  }

  /** Decodes an entry; undefined if it is damaged, of another key, or foreign. */
  async decode(key: string, stored: Uint8Array): Promise<RecordEntry | undefined> {
    const known = this.#secret;
    this.#secret ??= await this.#read();
    const entry = decodeEntry(key, stored, this.#secret);
    if (entry !== undefined || known === undefined) return entry;
    this.#secret = await this.#read(); // another program may have made a new one
    return decodeEntry(key, stored, this.#secret);
  }

  async #read(): Promise<string | undefined> {
    const object = await this.#backend.get(SECRET);
    const text = object && decoder.decode(await object.bytes());
    return text !== undefined && FORM.test(text) ? text : undefined;
  }

  /**
   * Creates the secret. Of concurrent programs the first one wins; a damaged secret is replaced.
   */
  async #make(): Promise<string> {
    // each id has 74 random bits
    const secret = sha256(Array.from({ length: 4 }, () => this.#system.id()).join());
    const bytes = encoder.encode(secret);
    await this.#backend.put(SECRET, bytes, { mode: "create" });
    if (await this.#read() === undefined) await this.#backend.put(SECRET, bytes);
    return await this.#read() ?? secret;
  }
}

function markOf(secret: string, key: string, line: Uint8Array, bytes: Uint8Array): string {
  return hmacSha256(secret, [`${key}\n`, line, bytes]);
}

function decodeEntry(key: string, stored: Uint8Array, secret?: string): RecordEntry | undefined {
  const markAt = stored.indexOf(10) + 1;
  const line = stored.subarray(0, markAt);
  const bytes = stored.subarray(markAt + MARK_BYTES + 1);
  const mark = decoder.decode(stored.subarray(markAt, markAt + MARK_BYTES));
  if (secret === undefined || mark !== markOf(secret, key, line, bytes)) return undefined;
  const { checkedAt, ...head } = JSON.parse(decoder.decode(line));
  return { head, checkedAt, bytes };
}
