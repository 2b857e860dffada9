// Buckets and objects by URL: `tos://bucket`, `tos://bucket/key`.
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { checkBucket, parseStoreUrl } from "../../core/urls/store_url.ts";

export interface ObjectUrl {
  provider: string;
  bucket: string;
  key: string;
}

/** The URL of a bucket. Throws `Invalid` for what cannot be one. */
export function bucketUrl(provider: string, bucket: string): string {
  if (!/^[a-z][a-z0-9]*$/.test(provider)) {
    throw fault({
      code: "Invalid",
      action: "use",
      subject: `${shown(provider)} as a provider`,
      state: "it is not a word of small letters and digits",
      hint: "Providers are called as the schemes of their URLs: s3, minio, r2, tos, ks3, oss, cos.",
    });
  }
  checkBucket(bucket, provider);
  return `${provider}://${bucket}`;
}

/** Parses a URL whose key is a prefix: empty for all of a bucket. Throws `Invalid`. */
export function parsePrefixUrl(url: string): ObjectUrl {
  const { scheme: provider, bucket, path: key } = parseStoreUrl(url);
  bucketUrl(provider, bucket);
  return { provider, bucket, key };
}

/** Takes the URL of an object apart. Throws `Invalid`. */
export function parseObjectUrl(url: string): ObjectUrl {
  const object = parsePrefixUrl(url);
  if (object.key !== "") return object;
  const place = bucketUrl(object.provider, object.bucket);
  throw fault({
    code: "Invalid",
    action: "use",
    subject: `${place} as the URL of an object`,
    state: "it names no key",
    hint: `Write it as ${place}/key.`,
  });
}
