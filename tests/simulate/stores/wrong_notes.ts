// A store whose notes of collections and mirrors are often wrong: lost, old, half written, of another
// registry or name, or of an earlier program. Entries of the collector's table are wrong, too.
import type { Backend, ObjectInfo, StoredObject } from "../../../core/backend.ts";
import { bytesStream } from "../../../core/bytes/bytes.ts";
import { GARBAGE_NOTES, MIRRORS } from "../../../registry/format/layout.ts";
import { decodeNote, encodeNote } from "../../../registry/pass/noted.ts";
import type { Random } from "../random.ts";
import { GARBAGE_TABLE } from "../../../extensions/maintenance/garbage_keys.ts";

interface Stored {
  info: ObjectInfo;
  bytes: Uint8Array;
}

interface Page {
  registry: string;
  table: string;
  names: Record<string, [fingerprint: string, until: number, ...waiting: number[]]>;
}

type Records = Record<string, [size: number, at: number, etag: string, ...rest: string[]]>;

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

/** Creates the view of a process: most reads of a note are wrong, but none is old if `areCurrent`. */
export function withWrongNotes(
  random: Random,
): (inner: Backend, options: { areCurrent: boolean }) => Backend {
  const seen = new Map<string, Stored>();

  function wrong(key: string, now: Stored, areCurrent: boolean): Stored | undefined {
    const old = areCurrent ? now : seen.get(key) ?? now;
    if (random.chance(0.5)) seen.set(key, now);
    const note = decodeNote(now.bytes) as Record<string, unknown>;
    const noted = (changes: object) => ({ ...now, bytes: encodeNote({ ...note, ...changes }) });
    const others = key.startsWith(GARBAGE_TABLE)
      ? [
        () => noted(falsified(note as unknown as Page, random)),
        () => noted(falsified(note as unknown as Page, random)),
      ]
      : key.startsWith(GARBAGE_NOTES)
      ? [() => noted({ name: `${note.name}x` }), () => noted({ records: early(note.records) })]
      : [];
    return random.pick([
      () => now,
      () => undefined,
      () => old,
      () => ({ ...now, bytes: now.bytes.subarray(0, random.int(now.bytes.byteLength)) }),
      () => noted({ registry: "another" }),
      ...others,
    ])();
  }

  return (inner, { areCurrent }) => ({
    ...inner,
    async get(key, options) {
      const found = await inner.get(key, options);
      const isNote = key.startsWith(GARBAGE_NOTES) || key.startsWith(MIRRORS);
      if (found === undefined || !isNote) return found;
      const { info } = found;
      const stored = wrong(key, { info, bytes: await found.bytes() }, areCurrent);
      return stored && asObject(stored);
    },
  });
}

/** Returns wrong entries in the right form. */
function falsified({ names: noted }: Page, random: Random): Pick<Page, "names"> {
  const entries = Object.entries(noted);
  const values = entries.map(([, entry]) => entry);
  const later = random.pick([WEEK_MS, -WEEK_MS]);
  const names = random.pick([
    () => entries.map(([name], n) => [name, values[(n + 1) % values.length]]),
    () => entries.map(([name, [fingerprint, until]]) => [name, [fingerprint, until + later]]),
    () => [[".", ["", 0]]], // all names without a deletion are new
  ])();
  return { names: Object.fromEntries(names) };
}

/** Returns records in the form of programs before objects had numbers: folders alone. */
function early(records: unknown): Records {
  return Object.fromEntries(
    Object.entries(records as Records ?? {}).map(([path, [size, at, etag, kind, ...objects]]) => [
      path,
      [size, at, etag, kind!, ...objects.map((text) => text.slice(0, text.lastIndexOf("/")))],
    ]),
  );
}

function asObject({ info, bytes }: Stored): StoredObject {
  return {
    info: { ...info, size: bytes.byteLength },
    get body() {
      return bytesStream(bytes);
    },
    bytes: () => Promise.resolve(bytes),
  };
}
