// A disk with exFAT, as memory cards and external disks have it.
import { spawnSync } from "node:child_process";
import { canMount } from "../../support/small_disk.ts";
import { tempRoot } from "../../support/temp_root.ts";

/** Returns why no such disk can be mounted, with the fix; undefined if one can. */
export function exfatProblem(): string | undefined {
  if (!canMount) return "only root may mount";
  const missing = ["mkfs.exfat", "mount.exfat-fuse", "losetup"].find((command) =>
    spawnSync("sh", ["-c", `command -v ${command}`]).status !== 0
  );
  return missing && `${missing} is not installed; apt-get install exfat-fuse exfatprogs mount`;
}

/** Runs with the folder of an empty disk of 64 MiB. */
export async function withExfat(test: (folder: string) => Promise<void>): Promise<void> {
  const root = await tempRoot();
  const [image, folder] = [root.join("image"), root.join("disk")];
  await Deno.mkdir(folder);
  await Deno.writeFile(image, new Uint8Array());
  await Deno.truncate(image, 64 * 2 ** 20);
  run("mkfs.exfat", image);
  const device = run("losetup", "--find", "--show", image);
  try {
    run("mount.exfat-fuse", device, folder);
    await test(folder);
  } finally {
    spawnSync("umount", ["--lazy", folder]);
    run("losetup", "--detach", device);
    await root.remove();
  }
}

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
  return stdout.trim();
}
