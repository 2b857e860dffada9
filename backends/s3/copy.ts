// Copies inside the store.
import type { CallOptions, ObjectInfo } from "../../core/backend.ts";
import { call, fullKey, objectInfo, quotedEtag, type S3Store } from "./store.ts";
import { beginUpload } from "./write/upload.ts";

/** Larger objects are copied in parts: a store may not reply before the whole copy is finished. */
const MAX_COPY_BYTES = 512 * 2 ** 20;
const COPY_PART_BYTES = 256 * 2 ** 20;
const MAX_COPY_PARTS = 10_000;

/** Copies an object inside the store. Throws `NotFound` if it does not exist. */
export async function copyObject(
  store: S3Store,
  from: string,
  to: string,
  { ifEtag, signal }: CallOptions & { ifEtag?: string },
): Promise<ObjectInfo> {
  const Key = fullKey(store, to);
  const source = fullKey(store, from);
  const settings = { action: "copy", key: from, signal };
  const sourceHead = await call(store, "HeadObject", { Key: source }, settings);
  const size = sourceHead.ContentLength ?? 0;
  const etag = ifEtag ?? sourceHead.ETag;
  const asked = {
    CopySource: `${store.bucket}/${source}`.split("/").map(encodeURIComponent).join("/"),
    ...(etag === undefined ? {} : { CopySourceIfMatch: quotedEtag(etag) }),
  };
  if (size > MAX_COPY_BYTES) {
    const { ContentType, Metadata } = sourceHead;
    const described = { ...store.putOptions, Key, ContentType, Metadata };
    const upload = await beginUpload(store, to, described, signal);
    const partBytes = Math.max(COPY_PART_BYTES, Math.ceil(size / MAX_COPY_PARTS));
    await upload.run(async function* () {
      for (let start = 0; start < size; start += partBytes) {
        const range = {
          CopySourceRange: `bytes=${start}-${Math.min(size, start + partBytes) - 1}`,
        };
        yield async (number, signal) => {
          const input = { ...upload.target, ...asked, ...range, PartNumber: number };
          return (await call(store, "UploadPartCopy", input, { ...settings, signal }))
            .CopyPartResult ?? {};
        };
      }
      await Promise.resolve();
    });
    return objectInfo(to, size, await upload.complete(size));
  }
  const { ContentType, Metadata } = sourceHead; // and no encoding, which a client may have claimed
  const described = { MetadataDirective: "REPLACE", ContentType, Metadata } as const;
  const input = { ...store.putOptions, Key, ...asked, ...described };
  const { CopyObjectResult } = await call(store, "CopyObject", input, settings);
  return objectInfo(to, size, CopyObjectResult ?? {});
}
