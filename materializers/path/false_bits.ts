// Executable bits of disks that keep none, where all files look executable.
import { dirname } from "node:path";
import { keepsExecutableBits } from "../../disk/mounts/executable_bits.ts";
import type { FoundFile } from "./folder_entries.ts";

/**
 * Clears the executable bit of files whose disk shows every file as executable. A disk with an
 * ordinary file keeps the bits; any other is tried.
 */
export function dropFalseBits(files: readonly Pick<FoundFile, "path" | "state" | "mode">[]): void {
  const executable = new Map<number, string>(); // the path of one on each disk
  const ordinary = new Set<number>();
  for (const { path, state: { dev }, mode } of files) {
    if (mode === undefined) ordinary.add(dev);
    else if (mode === "executable") executable.set(dev, path);
  }
  for (const [dev, path] of executable) {
    if (ordinary.has(dev) || keepsExecutableBits(dirname(path))) continue;
    for (const file of files) {
      if (file.mode === "executable" && file.state.dev === dev) delete file.mode;
    }
  }
}
