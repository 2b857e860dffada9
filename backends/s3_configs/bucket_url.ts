// URLs of buckets and objects: `tos://bucket`, `tos://bucket/key`.
import { invalid } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { checkBucket, parseStoreUrl } from "../../core/urls/store_url.ts";

export interface ObjectUrl {
  provider: string;
  bucket: string;
  key: string;
}

/** Returns the URL of a bucket. Throws `Invalid` for an invalid name. */
export function bucketUrl(provider: string, bucket: string): string {
  if (!/^[a-z][a-z0-9]*$/.test(provider)) {
    const subject = `${shown(provider)} as a provider`;
    const hint = "Use the scheme of its URLs: s3, minio, r2, tos, ks3, oss, cos.";
    throw invalid("use", subject, "it is not a word of lowercase letters and digits", { hint });
  }
  checkBucket(bucket, provider);
  return `${provider}://${bucket}`;
}

/** Parses a URL whose key is a prefix, empty for a whole bucket. Throws `Invalid`. */
export function parsePrefixUrl(url: string): ObjectUrl {
  const { scheme: provider, bucket, path: key } = parseStoreUrl(url);
  bucketUrl(provider, bucket);
  return { provider, bucket, key };
}

/** Parses the URL of an object. Throws `Invalid`. */
export function parseObjectUrl(url: string): ObjectUrl {
  const object = parsePrefixUrl(url);
  if (object.key !== "") return object;
  const place = bucketUrl(object.provider, object.bucket);
  throw invalid("use", `${place} as the URL of an object`, "the key is missing", {
    hint: `Write ${place}/key.`,
  });
}
