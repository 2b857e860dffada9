// Saving the rows of a manifest, so that running it again saves only what is missing.
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { checkName, digestOfValue, parseVersion, type Registry } from "../../../mod.ts";
import { fault, orMissing } from "../../../core/errors.ts";
import { type Batch, createLanes } from "../../../workers/mod.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { leftOutJson, LeftOutList } from "../values/left_out.ts";
import type { Manifest } from "./manifest.ts";
import type { RowResult } from "./report.ts";
import type { RawRow } from "./raw_row.ts";
import { createRowKeys, type RowKeys } from "./row_keys.ts";
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
export class SaveRows implements BatchWork<SaveRow> {
  readonly label = "batch save";
  readonly done: string;
  readonly fields = SAVE_FIELDS;
  readonly atOnce: number;
  readonly #manifest: Manifest;
  readonly #registry: Registry;
  readonly #options: SaveRowsOptions;
  readonly #keyOf: RowKeys;
  readonly #lanes = createLanes();

  constructor(manifest: Manifest, registry: Registry, options: SaveRowsOptions) {
    this.done = options.dryRun ? "Would save" : "Saved";
    this.atOnce = rowsAtOnce(registry, "save");
    this.#manifest = manifest;
    this.#registry = registry;
    this.#options = options;
    this.#keyOf = createRowKeys(options.runId ?? manifest.place);
  }

  shardKey({ name, version }: Record<string, unknown>): string {
    return JSON.stringify([name, version ?? ""]);
  }

  parse(raw: RawRow): SaveRow {
    return parseSaveRow(raw, this.#manifest);
  }

  async run(row: SaveRow, moved: (bytes: number) => void): Promise<RowResult> {
    if (this.#options.dryRun) return await this.#look(row);
    const { version, onConflict } = row;
    const { versioned } = this.#registry.settings;
    const automatic = version === undefined && versioned;
    const key = automatic || onConflict === "overwrite" ? this.#keyOf(row) : undefined;
    return await this.#lanes(laneOf(row, versioned), () => this.#save({ row, key, moved }));
  }

  async #save({ row, key, moved }: Entry): Promise<RowResult> {
    const { batch, io } = this.#options;
    const { name, version, metadata, compress } = row;
    const onConflict = row.onConflict ?? (key === undefined ? "skip" : undefined); // it is looked at below
    const onProgress = ({ bytes }: { bytes: number }) => moved(bytes);
    const left = new LeftOutList();
    const value = await readRowValue(row, this.#manifest, { io, onLeftOut: left.add });
    const { version: saved, digest, size, skipped } = await batch.save({
      ...{ name, value, version, metadata, compress, onConflict, onProgress },
      idempotencyKey: key,
    }, { signal: io.signal });
    const there = { name, version: saved, digest, size };
    if (skipped && row.onConflict !== "skip") await this.#checkSame(there, row);
    return { ...there, skipped, ...leftOutJson(left.entries) };
  }

  /** What is there already is what the row says, or the row was not saved. */
  async #checkSame({ name, version, digest }: There, row: SaveRow): Promise<void> {
    const { io } = this.#options;
    const value = await readRowValue(row, this.#manifest, { io }); // what was read before may have been a stream
    if (await digestOfValue(this.#registry, value, { signal: io.signal }) === digest) return;
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

  async #look(row: SaveRow): Promise<RowResult> {
    const { name, version, onConflict } = row;
    checkName(name);
    const value = await readRowValue(row, this.#manifest, { io: this.#options.io });
    if (value instanceof ReadableStream) await value.cancel();
    const there = version === undefined ? undefined : await this.#find(name, version);
    if (there === undefined || onConflict === "overwrite") {
      return { name, version, size: this.#sizeOf(row) };
    }
    if (onConflict !== "skip") await this.#checkSame(there, row);
    return { ...there, skipped: true };
  }

  async #find(name: string, version: string): Promise<There | undefined> {
    const ref = `${name}@${parseVersion(version).canonical}`;
    const { signal } = this.#options.io;
    const info = await orMissing(this.#registry.info(ref, { signal }));
    return info && { name, version: info.version, digest: info.digest, size: info.size };
  }

  #sizeOf({ path }: SaveRow): number | undefined {
    const found = path === undefined ? undefined : statSync(resolve(this.#manifest.folder, path));
    return found?.isFile() ? found.size : undefined;
  }
}

/** Rows of one version, or that take the next one of a name, are saved in the order of the manifest. */
function laneOf({ name, version }: SaveRow, versioned: boolean): string {
  return version === undefined || !versioned ? name : `${name}@${parseVersion(version).canonical}`;
}
