// How much a manifest asks for, found out while it is done.
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { BatchTotals } from "./batch_progress.ts";
import type { Manifest } from "./manifest.ts";

/** Of longer manifests the files are not looked at: rows are counted only. */
const MAX_FILES = 10_000;

/** Counts rows and the bytes of their files into `totals`, which has either only when all of it is known. */
export async function measureRows(
  manifest: Manifest,
  totals: BatchTotals,
  signal: AbortSignal,
): Promise<void> {
  let rows = 0, bytes: number | undefined = 0;
  for await (const { fields } of manifest.rows()) {
    if (signal.aborted) return;
    rows++;
    if (bytes === undefined || fields === undefined) continue;
    const size: number | undefined = rows > MAX_FILES
      ? undefined
      : await sizeOf(fields, manifest.folder);
    bytes = size === undefined ? undefined : bytes + size;
  }
  Object.assign(totals, { rows, bytes });
}

async function sizeOf(
  { path }: Record<string, unknown>,
  folder: string,
): Promise<number | undefined> {
  if (typeof path !== "string") return 0;
  try {
    const found = await stat(resolve(folder, path));
    return found.isDirectory() ? undefined : found.size;
  } catch {
    return 0; // saving it says what is wrong
  }
}
