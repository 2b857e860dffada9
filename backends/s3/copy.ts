// Copies inside the store.
import type { CopyObjectOptions, ObjectInfo } from "../../core/backend.ts";
import { parsePlace } from "../../core/urls/store_place.ts";
import { objectName, parsePrefix, S3_NAMES } from "../bucket/keys.ts";
import { headObject } from "./read/get.ts";
import { call, fullKey, objectInfo, quotedEtag, type S3Store } from "./store.ts";
import type { S3Calls } from "./calls.ts";
import { MAX_PARTS } from "./write/parts.ts";
import { beginUpload } from "./write/upload.ts";

/** Larger objects are copied in parts: a store may not reply before the whole copy is finished. */
const MAX_COPY_BYTES = 512 * 2 ** 20;
const COPY_PART_BYTES = 256 * 2 ** 20;

/** Copies an object inside the store. Throws `NotFound` if it does not exist. */
export async function copyObject(
  store: S3Store,
  from: string,
  to: string,
  { ifEtag, other, signal }: CopyObjectOptions,
): Promise<ObjectInfo> {
  const Key = fullKey(store, to);
  const { bucket, prefix } = other === undefined ? store : parsePlace(other.location);
  const place = { prefix: parsePrefix(prefix, S3_NAMES), location: store.location };
  const source = objectName({ ...place, rules: S3_NAMES }, from);
  const settings = { action: "copy", key: from, signal };
  const head: S3Calls["HeadObject"][1] = other === undefined
    ? await call(store, "HeadObject", { Key: source }, settings)
    : { ContentLength: other.size };
  const { ContentLength: size = 0, ContentType, Metadata } = head;
  const etag = ifEtag ?? head.ETag;
  const asked = {
    CopySource: `${bucket}/${source}`.split("/").map(encodeURIComponent).join("/"),
    ...(etag === undefined ? {} : { CopySourceIfMatch: quotedEtag(etag) }),
  };
  // No encoding, which a client may have claimed.
  const described = { ...store.putOptions, Key, ContentType, Metadata };
  if (size > MAX_COPY_BYTES) {
    const upload = await beginUpload(store, to, described, signal);
    const partBytes = Math.max(COPY_PART_BYTES, Math.ceil(size / MAX_PARTS));
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
  const copied = { ...described, ...asked, MetadataDirective: "REPLACE" } as const;
  const isSummed = other !== undefined && store.provider.checksPuts;
  const input = isSummed ? { ...copied, ChecksumAlgorithm: "SHA256" as const } : copied;
  const { CopyObjectResult = {} } = await call(store, "CopyObject", input, settings);
  const info = objectInfo(to, size, CopyObjectResult);
  return isSummed ? await headObject(store, to, { sha256: true, signal }) ?? info : info;
}
