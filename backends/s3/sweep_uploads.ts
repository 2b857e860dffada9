// Removal of abandoned multipart uploads.
import type { SweepOptions, SweptUpload } from "../../core/backend.ts";
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
      if (!dryRun && !await endUpload(store, { Key, UploadId }, key, signal)) continue;
      yield { key, startedAt };
    }
    const { IsTruncated, NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    const isSame = KeyMarker === markers.KeyMarker && UploadIdMarker === markers.UploadIdMarker;
    if (!IsTruncated || KeyMarker === undefined || isSame) return;
    markers = { KeyMarker, UploadIdMarker };
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
