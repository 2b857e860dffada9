/**
 * A disk that is soon full.
 *
 * @module
 */
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { type TempRoot, tempRoot } from "./temp_root.ts";

/** Whether this process may mount one: tests that need it are ignored, visibly, where not. */
export const canMount: boolean = process.platform === "linux" && process.getuid?.() === 0;

/** Mounts a memory file system of so many bytes; it is unmounted with the folder. */
export async function smallDisk(sizeBytes: number): Promise<TempRoot> {
  const root = await tempRoot();
  const run = promisify(execFile);
  await run("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes}`, "tmpfs", root.path]);
  const remove = async () => {
    await run("umount", [root.path]);
    await root.remove();
  };
  return { path: root.path, join: root.join, remove, [Symbol.asyncDispose]: remove };
}
