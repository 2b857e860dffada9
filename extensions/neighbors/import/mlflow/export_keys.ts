// Keys as paths of files: databases also have keys that folders cannot have, such as `a` beside `a/b`.
import { Buffer } from "node:buffer";
import { parsePath } from "../../../../core/kernel.ts";

/** Returns the keys that folders cannot have, and why. */
export function unfitKeys(texts: ReadonlyMap<string, unknown>): Map<string, string> {
  const keys = [...texts.keys()], unfit = new Map<string, string>();
  const folders = new Set(
    keys.flatMap((key) => [...key.matchAll(/\//g)].map(({ index }) => key.slice(0, index))),
  );
  for (const key of keys) {
    if (!isFileName(key)) unfit.set(key, "it cannot be the name of a file");
    else if (folders.has(key)) unfit.set(key, "it would be a file and a folder");
  }
  return unfit;
}

/** True for a path of a file on all disks. */
function isFileName(key: string): boolean {
  try {
    return parsePath(key) === key && key.split("/").every((part) => Buffer.byteLength(part) <= 255);
  } catch {
    return false;
  }
}
