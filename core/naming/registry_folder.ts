// Recognizes folders that saves leave out: registries, caches, and temporary folders of downloads.
import { lstatSync, readdirSync, readFileSync } from "node:fs";
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

/** True if a folder has the secret and entries of a cache (see docs/format_on_disk.md). */
export function isCacheFolder(path: string): boolean {
  const secret = join(path, "secret");
  try {
    const stats = lstatSync(secret, { throwIfNoEntry: false });
    if (!stats?.isFile() || stats.size !== SECRET_BYTES) return false;
    if (!/^[0-9a-f]+$/.test(readFileSync(secret, "latin1"))) return false;
    return readdirSync(join(path, "records")).some((name) => ID_ALONE.test(name));
  } catch {
    return false;
  }
}

const SECRET_BYTES = 64;

/**
 * Temporary folders of downloads are `.holdfast-<target>-<process>-<id>`: 8 digits of the SHA-256 of
 * the target's path, the number of the process and 8 digits for its machine, and a UUID. Temporary
 * files and folders of a file store are `.holdfast-<id>`.
 */
export const STAGE_PREFIX = ".holdfast-";

const ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const ID_ALONE = new RegExp(`^${ID}$`);
export const STAGE_NAME: RegExp = new RegExp(
  `^\\.holdfast-(?:([0-9a-f]{8})-(\\d+\\.[0-9a-f]{8})-)?${ID}$`,
);

export function isStageName(name: string): boolean {
  return STAGE_NAME.test(name);
}
