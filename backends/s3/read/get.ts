// Head and get.
import { Buffer } from "node:buffer";
import type { GetOptions, HeadOptions, ObjectInfo, StoredObject } from "../../../core/backend.ts";
import { clipRange, storedBytes } from "../../../core/bytes/bytes.ts";
import { checkBucket } from "../bucket.ts";
import { createDownload, passedObject } from "./download.ts";
import { failureOf, isMissingKey } from "../errors.ts";
import { getRange, type RangeReply } from "./range.ts";
import { call, fullKey, objectInfo, type S3Store } from "../store.ts";

export async function headObject(
  store: S3Store,
  key: string,
  { signal, sha256 = false }: HeadOptions = {},
): Promise<ObjectInfo | undefined> {
  try {
    const input = { Key: fullKey(store, key), ...(sha256 && { ChecksumMode: "ENABLED" as const }) };
    const reply = await call(store, "HeadObject", input, { action: "head", key, signal });
    const info = objectInfo(key, reply.ContentLength ?? 0, reply);
    return sha256 ? { ...info, ...checkedDigest(reply) } : info;
  } catch (error) {
    if (!isMissingKey(error)) throw error;
    // The reply to a HEAD has no error code: the bucket may be missing.
    if (!store.known.bucketExists) await checkBucket(store, signal);
    return undefined;
  }
}

/** Returns the SHA-256 that S3 has of a whole object, in hexadecimal. That of parts has a suffix. */
function checkedDigest(
  { ChecksumSHA256: sum = "" }: { ChecksumSHA256?: string },
): { sha256?: string } {
  return /^[A-Za-z0-9+/]{43}=$/.test(sum)
    ? { sha256: Buffer.from(sum, "base64").toString("hex") }
    : {};
}

/**
 * Reads an object or a range of it. The first request reads up to one part, and its reply contains
 * the size of the object.
 */
export async function getObject(
  store: S3Store,
  key: string,
  { range, signal, passing = false }: GetOptions,
  again = false,
): Promise<StoredObject | undefined> {
  const wanted = clipRange(range, { key, size: Number.MAX_SAFE_INTEGER, modifiedAt: 0 });
  if (wanted.start === wanted.end) return await getNothing(store, key, signal);
  const end = Math.min(wanted.end, wanted.start + store.partBytes);
  let first: RangeReply;
  try {
    first = await getRange(store, key, { start: wanted.start, end }, { signal });
  } catch (error) {
    if (isMissingKey(error)) return undefined;
    if (failureOf(error)?.status !== 416) throw error;
    const nothing = await getNothing(store, key, signal);
    if (nothing === undefined || nothing.info.size <= wanted.start) return nothing;
    if (again) throw error;
    return await getObject(store, key, { range, signal, passing }, true); // replaced in between
  }
  const span = { start: wanted.start, end: Math.min(wanted.end, first.info.size) };
  const download = { key, span, first, signal };
  return passing ? passedObject(store, download) : await createDownload(store, download);
}

async function getNothing(
  store: S3Store,
  key: string,
  signal?: AbortSignal,
): Promise<StoredObject | undefined> {
  const info = await headObject(store, key, { signal });
  return info && storedBytes(info, new Uint8Array());
}
