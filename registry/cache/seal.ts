// What tells a record that this cache has kept from one that somebody put there: a mark which only
// who knows the cache's secret can make. The secret is made at first use, and lies where the cache
// does: whoever may read it may write there too.
import type { Backend } from "../../core/backend.ts";
import { hmacSha256, sha256 } from "../../core/bytes/digest.ts";
import type { System } from "../../core/system.ts";
import { SECRET } from "./entry_keys.ts";
import { decodeRecordEntry, encodeRecordEntry } from "./record_entry.ts";
import type { RecordEntry } from "./record_entry.ts";

export interface Seal {
  encode(key: string, entry: RecordEntry): Promise<Uint8Array>;
  /** The entry, or undefined where it is damaged, of another key, or of somebody else. */
  decode(key: string, stored: Uint8Array): Promise<RecordEntry | undefined>;
}

const FORM = /^[0-9a-f]{64}$/;

export function createSeal(backend: Backend, system: System): Seal {
  let secret: string | undefined;

  return {
    async encode(key, entry) {
      secret ??= await read() ?? await make();
      return encodeRecordEntry(entry, signBy(secret, key));
    },

    async decode(key, stored) {
      const known = secret;
      secret ??= await read();
      const entry = secret === undefined
        ? undefined
        : decodeRecordEntry(stored, signBy(secret, key));
      if (entry !== undefined || known === undefined) return entry;
      secret = await read(); // another program may have made a new one
      return secret === undefined || secret === known
        ? undefined
        : decodeRecordEntry(stored, signBy(secret, key));
    },
  };

  async function read(): Promise<string | undefined> {
    const object = await backend.get(SECRET);
    const text = object && new TextDecoder().decode(await object.bytes());
    return text !== undefined && FORM.test(text) ? text : undefined;
  }

  /** Of programs that do this at once one is first; what is there and is none is replaced. */
  async function make(): Promise<string> {
    const made = sha256(Array.from({ length: 4 }, () => system.id()).join()); // each id has 74 random bits
    const bytes = new TextEncoder().encode(made);
    await backend.put(SECRET, bytes, { mode: "create" });
    if (await read() === undefined) await backend.put(SECRET, bytes);
    return await read() ?? made;
  }
}

/** The mark of an entry's content under its key. */
function signBy(secret: string, key: string): (content: Uint8Array) => string {
  return (content) => hmacSha256(secret, [`${key}\n`, content]);
}
