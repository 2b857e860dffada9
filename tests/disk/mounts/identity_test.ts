import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { execFile, execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { diskIdentity, mountIdentity } from "../../../disk/mounts/identity.ts";
import { canMount } from "../../support/small_disk.ts";
import { inFolder } from "../folder_case.ts";

const run = promisify(execFile);

/** True if this machine can make an image of a disk and mount it. */
function canMountImages(): boolean {
  try {
    return canMount && fs.existsSync("/sys/fs/ext4") && fs.existsSync("/dev/loop-control") &&
      execFileSync("mke2fs", ["-V"], { stdio: "ignore" }) !== undefined;
  } catch {
    return false;
  }
}

inFolder("two images at one place, and one mounted twice, have other identities", async (root) => {
  const at = join(root, "at");
  fs.mkdirSync(at);
  const identities: (string | undefined)[] = [];
  for (const name of ["a", "b", "a"]) {
    const image = join(root, `${name}.img`);
    if (!fs.existsSync(image)) {
      fs.writeFileSync(image, "");
      fs.truncateSync(image, 16 << 20);
      await run("mke2fs", ["-q", "-F", "-t", "ext4", image]);
    }
    await run("mount", ["-o", "loop", image, at]);
    try {
      fs.mkdirSync(join(at, "below"), { recursive: true });
      const identity = mountIdentity(at);
      assertEquals(mountIdentity(join(at, "below")), identity);
      assertEquals(diskIdentity(at, root), identity);
      assertEquals(diskIdentity(at, join(at, "not/there/yet")), "the disk of the note");
      identities.push(identity);
    } finally {
      await run("umount", [at]);
    }
  }
  assert(!identities.includes(undefined));
  assertEquals(new Set(identities).size, 3);
  assertNotEquals(mountIdentity(at), identities[2]);
}, { ignore: !canMountImages() });

inFolder("notes behind a dangling link are on no known disk", async (root) => {
  const link = join(root, "link");
  await fs.promises.symlink(join(root, "not", "mounted"), link);
  for (const noteFolder of [link, join(link, "below")]) {
    assertEquals(diskIdentity(root, noteFolder), mountIdentity(root));
  }
  assertEquals(diskIdentity(root, join(root, "not", "there")), "the disk of the note");
});

function canMakeSubvolumes(): boolean {
  try {
    return canMountImages() && execFileSync("btrfs", ["--version"], { stdio: "ignore" }) === null;
  } catch {
    return false;
  }
}

inFolder("subvolumes of one disk, which a rename swaps, have no identity", async (root) => {
  const [at, image] = [join(root, "at"), join(root, "image")];
  fs.mkdirSync(at);
  fs.writeFileSync(image, "");
  fs.truncateSync(image, 128 << 20);
  await run("mkfs.btrfs", ["-q", image]);
  await run("mount", ["-o", "loop", image, at]);
  try {
    const [one, other] = [join(at, "one"), join(at, "other")];
    for (const path of [one, other]) await run("btrfs", ["subvolume", "create", path]);
    for (const place of [undefined, other, root]) assertEquals(diskIdentity(one, place), undefined);
    assertEquals(diskIdentity(one, join(one, "cache")), "the disk of the note");
  } finally {
    await run("umount", [at]);
  }
}, { ignore: !canMakeSubvolumes() });

inFolder("nothing identifies a disk that the system does not show", async (root) => {
  assertEquals(mountIdentity(join(root, "none")), undefined);
  assertEquals(diskIdentity(join(root, "none"), root), undefined);
  assertEquals(diskIdentity(root, join(root, "cache/not/there")), "the disk of the note");
  await Promise.resolve();
});
