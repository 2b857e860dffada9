// Versions whose cached files have bytes of another.
import { decodeOrder } from "../../core/naming/versions.ts";
import { type FoundRecord, readRecord } from "../cell/heads.ts";
import { parsePlace, recordKey, versionCell } from "../format/layout.ts";
import type { PayloadSource } from "../payload/store_reader.ts";
import type { Context } from "./context.ts";

/** Versions that are read to find a cached file with equal bytes. */
const MAX_EARLIER = 3;

/** Yields the file at the same path of the versions whose bytes it shares, the newest first. */
export function createEarlier(
  context: Context,
  name: string,
  signal?: AbortSignal,
): PayloadSource["earlier"] {
  const read = new Map<string, Promise<FoundRecord | undefined>>(); // other files need the same
  return async function* (file) {
    const places = new Set(file.parts?.map(({ from = "" }) => from));
    const newest = [...places].map(parsePlace).toSorted((a, b) => a.commit < b.commit ? 1 : -1);
    for (const { order, commit } of newest.slice(0, MAX_EARLIER)) {
      const version = decodeOrder(order);
      if (version === undefined) continue; // its own bytes, or those of a draft
      const key = recordKey(versionCell(name, version, true), 1);
      const reading = read.get(key) ?? readRecord(context, key, signal).catch(() => undefined); // not needed
      read.set(key, reading);
      const source = await reading;
      if (source?.record.kind !== "version" || source.record.commit !== commit) continue;
      yield* source.record.files.filter(({ path }) => path === file.path);
    }
  };
}
