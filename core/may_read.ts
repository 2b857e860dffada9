// Whether a file may be read, without asking anybody.
import { isGranted } from "./system.ts";

/** Whether this may be read. What nobody granted counts as denied. */
export function mayRead(path: string | URL): boolean {
  return isGranted({ name: "read", path });
}
