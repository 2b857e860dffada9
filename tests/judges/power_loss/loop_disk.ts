// A file system in an image that can lose its power: unsynced data is gone.
import { execFileSync } from "node:child_process";
import {
  accessSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { realSystem } from "../../../core/system.ts";

export type DiskKind = "ext4" | "xfs";

const KINDS: Record<DiskKind, { sizeMiB: number; make: string[]; from: string }> = {
  ext4: { sizeMiB: 64, make: ["mkfs.ext4", "-q", "-F"], from: "e2fsprogs" },
  xfs: { sizeMiB: 320, make: ["mkfs.xfs", "-q", "-f"], from: "xfsprogs" },
};

/** `EXT4_IOC_SHUTDOWN` and `XFS_IOC_GOINGDOWN`, which are equal, with the flag for no flush. */
const SHUTDOWN = `
import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack("I", 2))
`;

/** Returns what is missing for a disk on this machine, or undefined. */
export function diskProblem(kind: DiskKind): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    return "only root on Linux may mount a disk";
  }
  const { make: [make], from } = KINDS[kind];
  const needed = { [make]: from, python3: "python3", unshare: "util-linux", mount: "mount" };
  for (const [command, source] of Object.entries(needed)) {
    if (!isThere(command)) return `${command} is not installed; apt-get install ${source} does`;
  }
  try {
    accessSync("/dev/loop-control");
  } catch {
    return "there are no loop devices (/dev/loop-control)";
  }
}

function isThere(command: string): boolean {
  const folders = `${realSystem.env("PATH") ?? ""}${delimiter}/usr/sbin${delimiter}/sbin`.split(
    delimiter,
  );
  return folders.some((folder) => {
    try {
      accessSync(join(folder, command));
      return true;
    } catch {
      return false;
    }
  });
}

export interface LoopDisk {
  readonly path: string;
  cut(): void;
  restore(): Promise<void>;
  remove(): Promise<void>;
}

/** Creates a disk. Call it in its own mount namespace, so that no mount is left. */
export function createLoopDisk(kind: DiskKind, folder: string): LoopDisk {
  const { sizeMiB, make: [make, ...args] } = KINDS[kind];
  const image = join(folder, "image"), path = join(folder, "disk");
  const env = { PATH: `${realSystem.env("PATH")}:/usr/sbin:/sbin` };
  const run = (command: string, ...given: string[]) =>
    void execFileSync(command, given, { env, stdio: "pipe" });
  writeFileSync(image, "");
  truncateSync(image, sizeMiB << 20);
  run(make, ...args, image);
  mkdirSync(path);
  const mount = () => run("mount", "-o", "loop", image, path);
  mount();
  return {
    path,
    cut: () => run("python3", "-c", SHUTDOWN, path),
    async restore() {
      await unmount();
      mount();
    },
    remove: unmount,
  };

  /** Other concurrent calls may go on for a moment after one has failed. */
  async function unmount(): Promise<void> {
    for (let tries = 0; openBelow(path).length > 0; tries++) {
      if (tries > 500) {
        throw new Error(`Cannot unmount: files are still open: ${openBelow(path).join(", ")}`);
      }
      await realSystem.sleep(10);
    }
    run("umount", path);
  }
}

function openBelow(folder: string): string[] {
  const targets = readdirSync("/proc/self/fd").map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return ""; // that of the listing itself
    }
  });
  return targets.filter((target) => target.startsWith(`${folder}/`));
}
