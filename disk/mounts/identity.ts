// Identities of disks. Their number (`st_dev`) names a drive bay: two disks that are mounted one
// after the other have the same, and their files may have the same inodes and times.
import { lstatSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { mayRead } from "../../core/may_read.ts";

const BOOT = "/proc/sys/kernel/random/boot_id";
const BLOCK_DEVICES = "/sys/dev/block";
/** Folders with a folder for each mounted disk, by the name of its device. */
const BY_DEVICE = ["/sys/fs/ext4", "/sys/fs/xfs", "/sys/fs/f2fs"];

/**
 * Returns the identity of the disk of a folder, as long as it is mounted; undefined if the system
 * shows none. Another disk at the same place, and the same one after it was mounted again, have
 * others.
 *
 * While a disk is mounted, Linux has a folder for it in `/sys/fs`, whose inode number no other gets
 * until the machine restarts. Numbers of mounts are used again at once, and so are those of
 * subvolumes of Btrfs, which has one folder for all of them. Deno shows it only with `-A`.
 */
export function mountIdentity(folder: string): string | undefined {
  try {
    if (!mayRead(BOOT) || !mayRead(BLOCK_DEVICES)) return undefined;
    const boot = readFileSync(BOOT, "utf8").trim();
    const inode = inodeByDevice(folder);
    return inode === undefined ? undefined : `${boot} ${inode}`;
  } catch {
    return undefined; // another system, or the disk is gone
  }
}

/**
 * Returns the identity of the disk of a folder, as a note in `noteFolder` has it. A note on the same
 * disk needs none: it is gone when the disk is, so it is always about this disk.
 */
export function diskIdentity(folder: string, noteFolder?: string): string | undefined {
  return noteFolder !== undefined && isOnSameDisk(folder, noteFolder)
    ? "the disk of the note"
    : mountIdentity(folder);
}

function isOnSameDisk(folder: string, noteFolder: string): boolean {
  try {
    const { dev } = statSync(folder);
    for (let place = noteFolder;; place = dirname(place)) { // it may not exist yet
      const found = statSync(place, { throwIfNoEntry: false });
      if (found !== undefined) return found.dev === dev;
      if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) return false; // a dangling link
    }
  } catch {
    return false;
  }
}

function inodeByDevice(folder: string): string | undefined {
  const { dev } = statSync(folder, { bigint: true });
  const device = join(BLOCK_DEVICES, `${majorOf(dev)}:${minorOf(dev)}`);
  if (lstatSync(device, { throwIfNoEntry: false }) === undefined) return undefined;
  const name = basename(readlinkSync(device));
  return BY_DEVICE.map((kind) => inodeOf(join(kind, name))).find((inode) => inode !== undefined);
}

function inodeOf(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? undefined : `${path} ${stats.ino}`;
}

// https://man7.org/linux/man-pages/man3/major.3.html
function majorOf(dev: bigint): bigint {
  return ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
}

function minorOf(dev: bigint): bigint {
  return (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
}
