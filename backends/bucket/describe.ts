// Parts of driver descriptions that S3 and GCS share: names of keys, credential files, settings of
// plugin storages.
import { stat } from "node:fs/promises";
import { mayRead } from "../../core/may_read.ts";
import { type BackendPlace, parsePlace } from "../../core/urls/store_place.ts";

/** Other spellings of credential names, each with the canonical name. */
export const KEY_ALIASES: Readonly<Record<string, string>> = {
  accessKey: "accessKeyId",
  access_key: "accessKeyId",
  access_key_id: "accessKeyId",
  secretKey: "secretAccessKey",
  secret_key: "secretAccessKey",
  secret_access_key: "secretAccessKey",
  session_token: "sessionToken",
};

/** Returns all names of a credential, the canonical one first. */
export function namesOfKey(name: string): string[] {
  return [name, ...Object.keys(KEY_ALIASES).filter((alias) => KEY_ALIASES[alias] === name)];
}

/** Returns true if a file exists and this program may read it. */
export async function isThere(file: string): Promise<boolean> {
  return mayRead(file) && await stat(file).then((stats) => stats.isFile(), () => false);
}

export interface BucketSettings {
  bucket: string;
  prefix?: string;
  endpoint?: string;
  createBucket?: boolean;
}

/** Returns the location of a plugin storage. Throws `Invalid`, as for the URL of a bucket. */
export function storagePlace(
  scheme: string,
  { bucket, prefix = "" }: BucketSettings,
  parameters: Record<string, string | undefined>,
): BackendPlace {
  const present = Object.entries(parameters).filter(([, value]) => value !== undefined);
  const query = present.length === 0
    ? ""
    : `?${new URLSearchParams(present as [string, string][])}`;
  const path = prefix.split("/").map(encodeURIComponent).join("/");
  return parsePlace(`${scheme}://${bucket}/${path}${query}`);
}
