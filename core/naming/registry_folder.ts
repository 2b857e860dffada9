// Detection of registry folders.
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** True if a folder has the settings of a registry (see FORMAT.md); false if unreadable. */
export function isRegistryFolder(path: string): boolean {
  const settings = join(path, "settings");
  try {
    if (!lstatSync(settings, { throwIfNoEntry: false })?.isDirectory()) return false;
    return readdirSync(settings).some((name) => /^\d{16}\.rec$/.test(name));
  } catch {
    return false;
  }
}
