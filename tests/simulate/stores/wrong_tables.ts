// A store whose table of the garbage collector is often wrong: lost, old, half written, of another
// registry, or with entries that are not true.
import type { Backend, StoredObject } from "../../../core/backend.ts";
import { bytesStream } from "../../../core/bytes/bytes.ts";
import { GARBAGE_TABLE } from "../../../registry/format/layout.ts";
import { decodeNote, encodeNote } from "../../../registry/maintenance/noted.ts";
import type { Random } from "../random.ts";

interface Page {
  registry: string;
  table: string;
  names: Record<string, [fingerprint: string, until: number, ...waiting: number[]]>;
}

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

/** Returns a page with entries that are not true, in the right form. */
function falsified(page: Page, random: Random): Page {
  const entries = Object.entries(page.names);
  const values = entries.map(([, entry]) => entry);
  const names = random.chance(0.5)
    ? entries.map(([name], n) => [name, values[(n + 1) % values.length]])
    : entries.map(([name, [fingerprint, until]]) => [name, [fingerprint, until + WEEK_MS]]);
  return { ...page, names: Object.fromEntries(names) };
}

/** Creates the view of a process: two of three reads of a page are wrong. */
export function withWrongTables(random: Random): (inner: Backend) => Backend {
  const seen = new Map<string, Uint8Array>();

  function wrong(key: string, bytes: Uint8Array): Uint8Array | undefined {
    const page = decodeNote(bytes) as Page;
    const old = seen.get(key) ?? bytes;
    if (random.chance(0.5)) seen.set(key, bytes);
    return random.pick([
      () => bytes,
      () => undefined,
      () => old,
      () => bytes.subarray(0, random.int(bytes.byteLength)),
      () => encodeNote({ ...page, registry: "another" }),
      () => encodeNote(falsified(page, random)),
      () => encodeNote(falsified(page, random)),
    ])();
  }

  return (inner) => ({
    ...inner,
    async get(key, options) {
      const found = await inner.get(key, options);
      if (found === undefined || !key.startsWith(GARBAGE_TABLE)) return found;
      const bytes = wrong(key, await found.bytes());
      return bytes && withBytes(found, bytes);
    },
  });
}

function withBytes({ info }: StoredObject, bytes: Uint8Array): StoredObject {
  return {
    info: { ...info, size: bytes.byteLength },
    get body() {
      return bytesStream(bytes);
    },
    bytes: () => Promise.resolve(bytes),
  };
}
