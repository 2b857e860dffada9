// Keys of the notes of the garbage collector, and of the tables of passes beside them.
import { LAYOUT } from "../../registry/records.ts";

/** Returns the key of the garbage collector's note about a name, given as its encoded segment. */
export function garbageNoteKey(name: string): string {
  return `${LAYOUT.GARBAGE_NOTES}${name}`;
}

/** Returns the folder of the rest of that note, if it is large. */
export function garbageRecordsFolder(name: string): string {
  return `${GARBAGE_RECORDS}${name}/`;
}

const GARBAGE_RECORDS = `${LAYOUT.GARBAGE_NOTES}.records/`;

/** Returns the encoded name that a key of `gc/` is a note of; undefined for others. */
export function garbageNoteName(key: string): string | undefined {
  const name = key.startsWith(GARBAGE_RECORDS)
    ? key.slice(GARBAGE_RECORDS.length).replace(/\/\d+$/, "")
    : key.slice(LAYOUT.GARBAGE_NOTES.length);
  return LAYOUT.decodeName(name) === undefined ? undefined : name;
}

/** The folder of the garbage collector's table of names. No name has this segment. */
export const GARBAGE_TABLE = `${LAYOUT.GARBAGE_NOTES}.names/`;

/** The folder of the table of the space of names, likewise. */
export const SPACE_TABLE = `${LAYOUT.GARBAGE_NOTES}.space/`;

/** The folder of the table of names that rules leave alone, likewise. */
export const PRUNE_TABLE = `${LAYOUT.GARBAGE_NOTES}.pruned/`;

/** Returns the ref of a key: `name@version`, `name@alias` or the name. */
export function refOfKey(key: string): string | undefined {
  const record = LAYOUT.parseCellKey(key);
  if (record !== undefined) {
    const { name, kind, version, label } = record;
    const part = version?.canonical ?? label;
    return kind === "key" || part === undefined ? name : `${name}@${part}`;
  }
  const payload = LAYOUT.parsePayloadKey(key);
  const name = payload && LAYOUT.decodeName(payload.name);
  const version = payload && LAYOUT.decodeOrder(payload.order);
  return version === undefined ? name : `${name}@${version.canonical}`;
}
