// A disk that is soon full.
import { execFile } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import process from "node:process";
import { promisify } from "node:util";
import { type TempRoot, tempRoot } from "./temp_root.ts";

/** True if this process may mount one; otherwise tests that need it are visibly ignored. */
export const canMount: boolean = process.platform === "linux" && process.getuid?.() === 0;

/** Mounts a memory file system of so many bytes and files; it is unmounted with the folder. */
export async function smallDisk(sizeBytes: number, files = 0): Promise<TempRoot> {
  const root = await tempRoot();
  const run = promisify(execFile);
  await run("mount", [
    "-t",
    "tmpfs",
    "-o",
    `size=${sizeBytes},nr_inodes=${files}`,
    "tmpfs",
    root.path,
  ]);
  const remove = async () => {
    const left = openBelow(root.path);
    // Lazily: a program that another test starts at this moment holds all descriptors until it runs.
    await run("umount", ["--lazy", root.path]);
    await root.remove();
    if (left.length > 0) throw new Error(`files are still open: ${left.join(", ")}`);
  };
  return { path: root.path, join: root.join, remove, [Symbol.asyncDispose]: remove };
}

function openBelow(path: string): string[] {
  return readdirSync("/proc/self/fd").map(target).filter((file) => file.startsWith(`${path}/`));
}

function target(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return ""; // closed meanwhile
  }
}
