// Folders in which a registry lies.
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Whether a registry lies in a folder: its settings are where FORMAT.md says, and nothing else is called so. False too
 * where that may not be looked at.
 */
export function isRegistryFolder(path: string): boolean {
  const settings = join(path, "settings");
  try {
    if (!lstatSync(settings, { throwIfNoEntry: false })?.isDirectory()) return false;
    return readdirSync(settings).some((name) => /^\d{16}\.rec$/.test(name));
  } catch {
    return false;
  }
}
