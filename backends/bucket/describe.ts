// Parts of driver descriptions that S3 and GCS share: names of keys, credential files.
import { stat } from "node:fs/promises";
import { mayRead } from "../../core/may_read.ts";

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
