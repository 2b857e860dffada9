// Unfinished uploads that nobody will finish.
import type { SweepOptions, SweptUpload } from "../../core/backend.ts";
import { failureOf } from "./errors.ts";
import { call, type S3Store } from "./store.ts";

/** Ends the uploads under the prefix that began before a time; yields what it ended. */
export async function* sweepUploads(
  store: S3Store,
  { olderThan, dryRun = false, signal }: SweepOptions,
): AsyncGenerator<SweptUpload> {
  let markers: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (;;) {
    // Of the whole bucket: MinIO takes a prefix for a whole key, and would find nothing.
    const page = await call(store, "ListMultipartUploads", markers, {
      action: "list uploads",
      signal,
    });
    for (const { Key = "", UploadId = "", Initiated } of page.Uploads ?? []) {
      const startedAt = Initiated?.getTime() ?? Infinity;
      if (!Key.startsWith(store.prefix) || startedAt >= olderThan) continue;
      const key = Key.slice(store.prefix.length);
      if (!dryRun && !await endUpload(store, { Key, UploadId }, key, signal)) continue;
      yield { key, startedAt };
    }
    if (!page.IsTruncated || page.NextKeyMarker === undefined) return;
    markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
  }
}

/** False where it ended by itself meanwhile. */
async function endUpload(
  store: S3Store,
  target: { Key: string; UploadId: string },
  key: string,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    await call(store, "AbortMultipartUpload", target, { action: "end the upload of", key, signal });
    return true;
  } catch (error) {
    if (failureOf(error)?.status === 404) return false;
    throw error;
  }
}
