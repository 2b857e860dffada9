// Removal of abandoned multipart uploads.
import type { SweepOptions, SweptUpload } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import { failureOf } from "./errors.ts";
import { call, type S3Store } from "./store.ts";

/** Aborts the uploads under the prefix that began before a time, and yields them. */
export async function* sweepUploads(
  store: S3Store,
  { olderThan, dryRun = false, signal }: SweepOptions,
): AsyncGenerator<SweptUpload> {
  let markers: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (;;) {
    // Lists the whole bucket: MinIO treats a prefix as a whole key.
    const settings = { action: "list uploads", signal };
    const page = await call(store, "ListMultipartUploads", markers, settings);
    for (const { Key = "", UploadId = "", Initiated } of page.Uploads ?? []) {
      const startedAt = Initiated?.getTime() ?? Infinity;
      if (!Key.startsWith(store.prefix) || startedAt >= olderThan) continue;
      const key = Key.slice(store.prefix.length);
      const upload = { Key, UploadId };
      const size = await sizeOf(store, upload, key, signal);
      if (size === "ended") continue;
      if (!dryRun && !await endUpload(store, upload, key, signal)) continue;
      yield { key, startedAt, ...(size === undefined ? {} : { size }) };
    }
    const { IsTruncated, NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    const isSame = KeyMarker === markers.KeyMarker && UploadIdMarker === markers.UploadIdMarker;
    if (!IsTruncated || KeyMarker === undefined || isSame) return;
    markers = { KeyMarker, UploadIdMarker };
  }
}

/**
 * Returns the bytes of the parts that have arrived: undefined if the store does not show them, which
 * needs a right of its own, and "ended" if the upload has ended.
 */
async function sizeOf(
  store: S3Store,
  target: { Key: string; UploadId: string },
  key: string,
  signal?: AbortSignal,
): Promise<number | undefined | "ended"> {
  const settings = { action: "list the parts of", key, signal };
  let size = 0, marker: string | undefined;
  try {
    for (;;) {
      const after = marker === undefined ? {} : { PartNumberMarker: marker };
      const page = await call(store, "ListParts", { ...target, ...after }, settings);
      for (const { Size = 0 } of page.Parts ?? []) size += Size;
      const { IsTruncated, NextPartNumberMarker: next } = page;
      if (!IsTruncated || next === undefined || next === marker) return size;
      marker = next;
    }
  } catch (error) {
    if (failureOf(error)?.status === 404) return "ended";
    if (isRegistryError(error, "Denied", "Unsupported")) return undefined;
    throw error;
  }
}

/** Aborts an upload; returns false if it finished meanwhile. */
async function endUpload(
  store: S3Store,
  target: { Key: string; UploadId: string },
  key: string,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    const settings = { action: "abort the upload of", key, signal };
    await call(store, "AbortMultipartUpload", target, settings);
    return true;
  } catch (error) {
    if (failureOf(error)?.status === 404) return false;
    throw error;
  }
}
