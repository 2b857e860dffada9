// Completing the lineage index, for records of older releases and lost entries.
import { isPrefix, type ObjectInfo } from "../../../core/backend.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { TOMBSTONE_BYTES } from "../../format/record_codec.ts";
import type { Registry, SignalOptions } from "../../../core/registry.ts";
import { mapAtOnce } from "../../../core/work/at_once.ts";
import { readRecord } from "../../cell/heads.ts";
import { type CellKey, NAMES, parseCellKey, versionCell } from "../../format/layout.ts";
import { checkWritable, type Context, contextOf } from "../context.ts";
import { lineageKeys, markWhole } from "./inputs.ts";

/** Options of {@linkcode rebuildLineage}. */
export interface RebuildOptions extends SignalOptions {
  onProgress?: (records: number) => void;
}

/** The result of {@linkcode rebuildLineage}. */
export interface RebuildReport {
  records: number;
  noted: number;
  /** Versions with unreadable records. Until they are gone, lineage reads every record. */
  unreadable: string[];
}

export async function rebuildLineage(
  registry: Registry,
  options: RebuildOptions = {},
): Promise<RebuildReport> {
  const { signal, onProgress } = options;
  const context = contextOf(registry, "rebuild the lineage");
  checkWritable(context, "rebuild the lineage");
  const report: RebuildReport = { records: 0, noted: 0, unreadable: [] };
  const note = async ({ key, newest, entry }: Listed) => {
    const keys = await keysOf(context, { key, entry }, signal);
    if (keys === undefined && newest) {
      report.unreadable.push(`${key.name}@${key.version!.canonical}`);
    }
    for (const missing of keys ?? []) {
      if (await context.backend.head(missing, { signal }) !== undefined) continue;
      await context.backend.put(missing, new Uint8Array(), { signal });
      report.noted++;
    }
  };
  for await (const _ of mapAtOnce(versionRecords(context, signal), note)) {
    report.records++;
    onProgress?.(report.records);
  }
  // Concurrent saves write their own entries first, so the index is complete now.
  if (report.unreadable.length === 0) await markWhole(context, { signal });
  return report;
}

interface Listed {
  key: CellKey;
  entry: ObjectInfo;
  /** True for the newest record of its cell. */
  newest: boolean;
}

/** Lists all records of versions: an older one may count again if those above it do not. */
async function* versionRecords(
  { backend, settings }: Context,
  signal?: AbortSignal,
): AsyncGenerator<Listed> {
  let cell = "";
  for await (const entry of backend.list(NAMES, { signal })) {
    const key = isPrefix(entry) ? undefined : parseCellKey(entry.key);
    if (isPrefix(entry) || key?.kind !== "version") continue;
    if (versionCell(key.name, key.version!, settings.versioned) !== key.cell) continue;
    const newest = key.cell !== cell;
    cell = key.cell;
    if (entry.size !== TOMBSTONE_BYTES) yield { key, entry, newest };
  }
}

/** Returns the index keys of a record; undefined if they are unknown. */
async function keysOf(
  context: Context,
  { key, entry }: Pick<Listed, "key" | "entry">,
  signal?: AbortSignal,
): Promise<string[] | undefined> {
  try {
    const record = (await readRecord(context, entry.key, signal))?.record;
    if (record?.kind !== "version") return []; // garbage collected, or no inputs
    if (record.name !== key.name) return undefined; // moved there by hand
    return lineageKeys(context, { ...record, inputs: record.inputs ?? [], version: key.version! });
  } catch (error) {
    if (isRegistryError(error, "Corrupt", "Unsupported")) return undefined;
    throw error;
  }
}
