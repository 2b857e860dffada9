// Writing a folder of files on a disk: beside its place, under a name that nobody reads, and then
// there.
import fs from "node:fs";
import { plainBytes } from "../../core/bytes/bytes.ts";
import { OWN_PREFIX } from "../../core/files/paths.ts";
import type { System } from "../../core/system.ts";

/** Options of {@linkcode stageFolder}. */
export interface StageFolderOptions {
  system: System;
  /** Whether it must survive a power cut. */
  durable: boolean;
}

/**
 * Writes files to a new folder in another one. Leaves nothing behind when it fails.
 *
 * @param folder absolute path
 * @param files their bytes by their names, which have no `/`
 * @returns absolute path of the new one
 */
export function stageFolder(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
  { system, durable }: StageFolderOptions,
): string {
  const path = `${folder}/${OWN_PREFIX}${system.id()}`;
  fs.mkdirSync(path);
  try {
    for (const [name, bytes] of files) {
      fs.writeFileSync(`${path}/${name}`, plainBytes(bytes), { flag: "wx", flush: durable });
    }
    return path;
  } catch (error) {
    fs.rmSync(path, { recursive: true, force: true });
    throw error;
  }
}
