// Saves the rows of a manifest, so that running it again saves only the rest.
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { checkNewName } from "../../../core/naming/names.ts";
import { digestValue, type Registry, type SavedArtifact } from "../../../mod.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import { conflict, orMissing } from "../../../core/errors.ts";
import { createLanes } from "../../../core/work/lanes.ts";
import type { Batch } from "../../../workers/mod.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { leftOutJson, LeftOutList } from "../values/left_out.ts";
import type { Manifest } from "./manifest.ts";
import { parseSaveRow, type RawRow, readRowValue, SAVE_FIELDS, type SaveRow } from "./rows.ts";
import { type BatchWork, type RowResult, rowsAtOnce } from "./run_rows.ts";

interface SaveRowsOptions {
  batch: Batch;
  io: CliIo;
  /** The identity of the run. @default the path of the manifest */
  runId?: string;
  dryRun?: boolean;
}

type SavedRow = Pick<SavedArtifact, "name" | "version" | "digest" | "size">;

/**
 * Saves rows. A row with a version can be repeated: the version exists or not, with the same digest
 * or not. A row without one, or one that overwrites, has an idempotency key; see
 * {@linkcode createRowKeys}.
 */
export class SaveRows implements BatchWork<SaveRow> {
  readonly label = "batch save";
  readonly done: string;
  readonly fields = SAVE_FIELDS;
  readonly atOnce: number;
  readonly #manifest: Manifest;
  readonly #registry: Registry;
  readonly #options: SaveRowsOptions;
  readonly #keyOf: (row: unknown) => string;
  readonly #inOrder = createLanes();

  constructor(manifest: Manifest, registry: Registry, options: SaveRowsOptions) {
    this.done = options.dryRun ? "Would save" : "Saved";
    this.atOnce = rowsAtOnce(registry, "save");
    this.#manifest = manifest;
    this.#registry = registry;
    this.#options = options;
    this.#keyOf = createRowKeys(options.runId ?? manifest.path);
  }

  shardKey({ name, version }: Record<string, unknown>): string {
    return JSON.stringify([name, version ?? ""]);
  }

  parse(raw: RawRow): SaveRow {
    return parseSaveRow(raw, this.#manifest);
  }

  async run(row: SaveRow, moved: (bytes: number) => void): Promise<RowResult> {
    if (this.#options.dryRun) return await this.#inspect(row);
    const { name, version, onConflict } = row;
    const { versioned } = this.#registry.settings;
    const isNext = version === undefined && versioned;
    const key = isNext || onConflict === "overwrite" ? this.#keyOf(row) : undefined;
    // Rows of one version, or that take the next version of a name, keep their order.
    const target = version === undefined || !versioned
      ? name
      : `${name}@${parseVersion(version).canonical}`;
    return await this.#inOrder(target, () => this.#save(row, key, moved));
  }

  async #save(
    row: SaveRow,
    key: string | undefined,
    moved: (bytes: number) => void,
  ): Promise<RowResult> {
    const { batch, io } = this.#options;
    const { name, version, metadata, compress } = row;
    const onConflict = row.onConflict ?? (key === undefined ? "skip" : undefined); // compared below
    const onProgress = ({ bytes }: { bytes: number }) => moved(bytes);
    const leftOut = new LeftOutList();
    const value = await readRowValue(row, this.#manifest, { io, onLeftOut: leftOut.add });
    const { version: saved, digest, size, skipped } = await batch.save({
      name,
      value,
      version,
      metadata,
      compress,
      onConflict,
      onProgress,
      as: this.#registry.materializers.forValue(value), // a string is never a path
      idempotencyKey: key,
    }, { signal: io.signal });
    const result = { name, version: saved, digest, size };
    if (skipped && row.onConflict !== "skip") await this.#checkSame(result, row);
    return { ...result, skipped, ...leftOutJson(leftOut.entries) };
  }

  /** Throws `Conflict` if the saved version has other content than the row. */
  async #checkSame({ name, version, digest }: SavedRow, row: SaveRow): Promise<void> {
    const { io } = this.#options;
    const value = await readRowValue(row, this.#manifest, { io }); // again: it may be a stream
    if (await digestValue(this.#registry, value, { signal: io.signal }) === digest) return;
    const state = "it already exists with different content";
    const hint = row.version === undefined
      ? "The content changed after this run saved the row. Start a new run: --run-id ID"
      : 'Use another version, or set onConflict to "skip" to keep the existing one.';
    throw conflict(`save "${name}@${version}"`, undefined, state, { hint });
  }

  async #inspect(row: SaveRow): Promise<RowResult> {
    const { name, version, onConflict } = row;
    checkNewName(name);
    const value = await readRowValue(row, this.#manifest, { io: this.#options.io });
    if (value instanceof ReadableStream) await value.cancel();
    const saved = version === undefined ? undefined : await this.#find(name, version);
    if (saved === undefined || onConflict === "overwrite") {
      return { name, version, size: this.#sizeOf(row) };
    }
    if (onConflict !== "skip") await this.#checkSame(saved, row);
    return { ...saved, skipped: true };
  }

  async #find(name: string, version: string): Promise<SavedRow | undefined> {
    const ref = `${name}@${parseVersion(version).canonical}`;
    const { signal } = this.#options.io;
    const info = await orMissing(this.#registry.info(ref, { signal }));
    return info && { name, version: info.version, digest: info.digest, size: info.size };
  }

  #sizeOf({ path }: SaveRow): number | undefined {
    const stats = path === undefined ? undefined : statSync(resolve(this.#manifest.folder, path));
    return stats?.isFile() ? stats.size : undefined;
  }
}

/**
 * Creates the function that returns the idempotency key of a row; call it in the order of the rows.
 * A key depends on the run, the fields, and the number of equal rows before it. So rows may be
 * added, removed and moved, a changed row is a new one, and two equal rows are two.
 */
export function createRowKeys(run: string): (row: unknown) => string {
  const counts = new Map<number, number>(); // by 48 bits: a collision only changes keys
  return (row) => {
    const hash = createHash("sha256").update(JSON.stringify([run, row]));
    const digest = hash.copy().digest().readUIntBE(0, 6);
    const before = counts.get(digest) ?? 0;
    counts.set(digest, before + 1);
    return `batch-${hash.update(` ${before}`).digest("hex").slice(0, 40)}`;
  };
}
