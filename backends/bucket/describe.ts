// What descriptions of drivers of buckets share: names of keys, files of credentials, storages of
// plugins.
import { stat } from "node:fs/promises";
import { mayRead } from "../../core/may_read.ts";
import { type BackendPlace, parsePlace } from "../../core/urls/store_place.ts";

/** Names of keys that people and other programs write, each with the name that is used here. */
export const KEY_ALIASES: Readonly<Record<string, string>> = {
  accessKey: "accessKeyId",
  access_key: "accessKeyId",
  access_key_id: "accessKeyId",
  secretKey: "secretAccessKey",
  secret_key: "secretAccessKey",
  secret_access_key: "secretAccessKey",
  session_token: "sessionToken",
};

/** All names of a key, the one that is used here first. */
export function namesOfKey(name: string): string[] {
  return [name, ...Object.keys(KEY_ALIASES).filter((alias) => KEY_ALIASES[alias] === name)];
}

/** Whether a file is there, as far as this program may look. */
export async function isThere(file: string): Promise<boolean> {
  return mayRead(file) && await stat(file).then((stats) => stats.isFile(), () => false);
}

/** Settings of every storage in a bucket. */
export interface BucketSettings {
  bucket: string;
  prefix?: string;
  endpoint?: string;
  createBucket?: boolean;
}

/** The place of a storage. Throws `Invalid`, as for the URL of a bucket. */
export function storagePlace(
  scheme: string,
  { bucket, prefix = "" }: BucketSettings,
  parameters: Record<string, string | undefined>,
): BackendPlace {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  const query = given.length === 0 ? "" : `?${new URLSearchParams(given as [string, string][])}`;
  const path = prefix.split("/").map(encodeURIComponent).join("/");
  return parsePlace(`${scheme}://${bucket}/${path}${query}`);
}
