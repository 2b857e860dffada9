// Versions whose files have bytes of another, which may be on this machine. Loaded when that is of use.
import type { StoredFile, VersionRecord } from "../../core/record.ts";
import { decodeOrder, parseVersion } from "../../core/naming/versions.ts";
import { type FoundRecord, readRecord, versionHeads } from "../cell/heads.ts";
import { ownPlace, placedUnder } from "../cell/objects.ts";
import { parsePlace, recordKey, versionCell } from "../format/layout.ts";
import type { PayloadSource } from "../payload/store_reader.ts";
import type { Context } from "./context.ts";

/** Versions that are read to find a file that is on this machine. */
const MAX_EARLIER = 3;

/**
 * Yields the file at the same path of the versions whose bytes it shares, the newest first. Of a file
 * that is stored by values, those that it is made from, then those of the versions before.
 */
export function createEarlier(
  context: Context,
  record: VersionRecord,
  signal?: AbortSignal,
): NonNullable<PayloadSource["earlier"]> {
  const { name } = record;
  const read = new Map<string, Promise<FoundRecord | undefined>>(); // other files need the same
  let before: Promise<StoredFile[]> | undefined;
  return async function* (file) {
    if (file.values !== undefined) {
      let { base } = file.values;
      for (; base !== undefined; base = base.values?.base) yield base;
      before ??= filesBefore(context, record, signal);
      return yield* (await before).filter(({ path }) => path === file.path);
    }
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

async function filesBefore(
  context: Context,
  { name, version }: VersionRecord,
  signal?: AbortSignal,
): Promise<StoredFile[]> {
  const files: StoredFile[] = [], after = parseVersion(version);
  let left = MAX_EARLIER;
  for await (const { head } of versionHeads(context, name, { after, signal })) {
    const found = await readRecord(context, head, signal).catch(() => undefined); // not needed
    if (found?.record.kind === "version") {
      files.push(...placedUnder(ownPlace(context, found.record), found.record.files));
    }
    if (--left === 0) break;
  }
  return files;
}
