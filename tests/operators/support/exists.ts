// Tests for the existence of a path.
import { lstat } from "node:fs/promises";

/** True if a path exists, even as a dangling link. */
export function exists(path: string): Promise<boolean> {
  return lstat(path).then(() => true, () => false);
}
