// Parts of driver descriptions that S3 and GCS share: credential files.
import { stat } from "node:fs/promises";
import { mayRead } from "../../core/may_read.ts";

/** Returns true if a file exists and this program may read it. */
export async function isThere(file: string): Promise<boolean> {
  return mayRead(file) && await stat(file).then((stats) => stats.isFile(), () => false);
}
