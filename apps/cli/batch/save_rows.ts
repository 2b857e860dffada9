// Saving the rows of a manifest, so that running it again saves only what is missing.
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { checkName, digestOfValue, isRegistryError, parseVersion } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import type { Registry } from "../../../mod.ts";
import { type Batch, createLanes } from "../../../workers/mod.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { leftOutJson, LeftOutList } from "../values/left_out.ts";
import type { Manifest } from "./manifest.ts";
import type { RowResult } from "./report.ts";
import { createRowKeys } from "./row_keys.ts";
import { parseSaveRow, readRowValue, SAVE_FIELDS, type SaveRow } from "./save_row.ts";
import { type BatchWork, rowsAtOnce } from "./run_rows.ts";

export interface SaveRowsOptions {
  batch: Batch;
  io: CliIo;
  /** What the run is known by. @default where the manifest is */
  runId?: string;
  dryRun?: boolean;
}

interface Entry {
  row: SaveRow;
  /** What tells a repeat where the version does not. */
  key?: string;
  moved: (bytes: number) => void;
}

interface There {
  name: string;
  version: string;
  digest: string;
  size: number;
}

/**
 * The work of saving rows. A row with a version needs nothing to be repeatable: the version is there or not, and has the
 * same digest or not. A row without one is known by an idempotency key (see {@linkcode createRowKeys}); so is one that
 * overwrites, which must do so once.
 */
export function saveRows(
  manifest: Manifest,
  registry: Registry,
  options: SaveRowsOptions,
): BatchWork<SaveRow> {
  const { batch, io, runId = manifest.place, dryRun = false } = options;
  const { signal } = io;
  const keyOf = createRowKeys(runId);
  const lanes = createLanes();
  return {
    label: "batch save",
    done: dryRun ? "Would save" : "Saved",
    fields: SAVE_FIELDS,
    atOnce: rowsAtOnce(registry, "save"),
    shardKey: ({ name, version }) => JSON.stringify([name, version ?? ""]),
    parse: (raw) => parseSaveRow(raw, manifest),
    async run(row, moved) {
      if (dryRun) return await look(row);
      const { version, onConflict } = row;
      const automatic = version === undefined && registry.settings.versioned;
      const key = automatic || onConflict === "overwrite" ? keyOf(row) : undefined;
      return await lanes(laneOf(row, registry.settings.versioned), () => save({ row, key, moved }));
    },
  };

  async function save({ row, key, moved }: Entry): Promise<RowResult> {
    const { name, version, metadata, compress } = row;
    const onConflict = row.onConflict ?? (key === undefined ? "skip" : undefined); // it is looked at below
    const onProgress = ({ bytes }: { bytes: number }) => moved(bytes);
    const left = new LeftOutList();
    const value = await readRowValue(row, manifest, { io, onLeftOut: left.add });
    const entry = {
      name,
      value,
      version,
      metadata,
      compress,
      onConflict,
      idempotencyKey: key,
      onProgress,
    };
    const { version: saved, digest, size, skipped } = await batch.save(entry, { signal });
    const there = { name, version: saved, digest, size };
    if (skipped && row.onConflict !== "skip") await checkSame(there, row);
    return { ...there, skipped, ...leftOutJson(left.entries) };
  }

  /** What is there already is what the row says, or the row was not saved. */
  async function checkSame({ name, version, digest }: There, row: SaveRow): Promise<void> {
    const value = await readRowValue(row, manifest, { io }); // what was read before may have been a stream
    if (await digestOfValue(registry, value, { signal }) === digest) return;
    throw fault({
      code: "Conflict",
      action: "save",
      subject: `"${name}@${version}"`,
      state: "it exists with other content",
      hint: row.version === undefined
        ? "This row was saved so before, and its content changed since. Save all rows as a new run: --run-id TEXT"
        : "Give another version, or onConflict skip to keep what there is.",
    });
  }

  async function look(row: SaveRow): Promise<RowResult> {
    const { name, version, onConflict } = row;
    checkName(name);
    const value = await readRowValue(row, manifest, { io });
    if (value instanceof ReadableStream) await value.cancel();
    const there = version === undefined ? undefined : await find(name, version);
    if (there === undefined || onConflict === "overwrite") {
      return { name, version, size: sizeOf(row) };
    }
    if (onConflict !== "skip") await checkSame(there, row);
    return { ...there, skipped: true };
  }

  async function find(name: string, version: string): Promise<There | undefined> {
    try {
      const { digest, size, version: found } = await registry.info(
        `${name}@${parseVersion(version).canonical}`,
        {
          signal,
        },
      );
      return { name, version: found, digest, size };
    } catch (error) {
      if (isRegistryError(error, "NotFound")) return undefined;
      throw error;
    }
  }

  function sizeOf({ path }: SaveRow): number | undefined {
    const found = path === undefined ? undefined : statSync(resolve(manifest.folder, path));
    return found?.isFile() ? found.size : undefined;
  }
}

/** Rows of one version, or that take the next one of a name, are saved in the order of the manifest. */
function laneOf({ name, version }: SaveRow, versioned: boolean): string {
  return version === undefined || !versioned ? name : `${name}@${parseVersion(version).canonical}`;
}
