// Room on a disk.
import { readdirSync } from "node:fs";
import { lstat, opendir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";

/** Bytes of the files below a folder; links are not followed, and what goes away meanwhile is none. */
export async function bytesBelow(folder: string): Promise<number> {
  const waiting = [folder];
  let bytes = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const entries = await opendir(path).catch(() => []);
    try {
      for await (const { name, parentPath } of entries) {
        const found = await lstat(join(parentPath, name)).catch(() => undefined);
        if (found?.isDirectory()) waiting.push(join(parentPath, name));
        else if (found?.isFile()) bytes += found.size;
      }
    } catch {
      // removed while it was read
    }
  }
  return bytes;
}

/** Whether nothing is in a folder: mostly that is so, and several times sooner said than how much there is. */
export function isEmpty(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0;
  } catch {
    return true;
  }
}

/**
 * Refuses a step that asks for more room than its disk has.
 *
 * @param folder a folder on that disk
 * @throws {RegistryError} `Unavailable`
 */
export async function checkFree(folder: string, diskRequest: number | undefined): Promise<void> {
  if (diskRequest === undefined) return;
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= diskRequest) return;
  throw fault({
    code: "Unavailable",
    action: "run in",
    subject: shown(folder),
    state: `its disk has ${free} bytes left, the step asks for ${diskRequest}`,
    hint: "Free some, put work_dir on another disk, or lower disk_request.",
  });
}
