// Whether something is there.
import { lstat } from "node:fs/promises";

/** Whether a path is there, also a link that leads nowhere. */
export function exists(path: string): Promise<boolean> {
  return lstat(path).then(() => true, () => false);
}
