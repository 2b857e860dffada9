// Permission to read a file, checked without a prompt.
import { isGranted } from "./system.ts";

/** True if reading this path is granted. Permissions that were not granted count as denied. */
export function mayRead(path: string | URL): boolean {
  return isGranted({ name: "read", path });
}
