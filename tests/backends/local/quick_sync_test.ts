import fs from "node:fs";
import { setImmediate } from "node:timers";
import { assertEquals, assertRejects } from "@std/assert";
import { ownCalls } from "../../../core/disk/disk_calls.ts";
import { createDiskSync } from "../../../core/disk/disk_sync.ts";
import type { DiskSync } from "../../../core/disk/disk_sync.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { fsError, withPatchedFs } from "../patched_fs.ts";

/** The longest that count as quick, as numbers that add up exactly. */
const QUICK_MS = { inPlace: 0.09375, byThread: 0.140625 };
const SLOW_MS = { inPlace: 0.109375, byThread: 0.15625 };

/** A disk that needs so long for a sync, by a clock of its own. */
interface SlowDisk {
  needsMs: number;
  fails: boolean;
  /** How each sync was asked for. */
  asked: ("thread" | "in place")[];
}

function test(
  name: string,
  run: (disk: SlowDisk, sync: DiskSync, file: number, root: string) => Promise<void>,
): void {
  testInRoot(name, async (root) => {
    const disk: SlowDisk = { needsMs: QUICK_MS.inPlace, fails: false, asked: [] };
    let now = 0;
    function spend(how: "thread" | "in place"): void {
      disk.asked.push(how);
      now += disk.needsMs;
      if (disk.fails) throw fsError("EIO");
    }
    const file = fs.openSync(root.join("file"), "w");
    try {
      await withPatchedFs(() => ({
        fsync(_: number, done: (error: Error | null) => void) {
          spend("thread");
          done(null);
        },
      }), async () => {
        ownCalls.syncInPlace = () => spend("in place");
        await run(disk, createDiskSync(root.path, { monotonic: () => now }), file, root.path);
      });
    } finally {
      fs.closeSync(file);
    }
  });
}

/** How these many files of 10 bytes are synced, one after the other. */
async function asked(
  disk: SlowDisk,
  sync: DiskSync,
  file: number,
  count: number,
): Promise<Record<string, number>> {
  disk.asked = [];
  for (let i = 0; i < count; i++) await sync.file(file, 10);
  const inPlace = disk.asked.filter((how) => how === "in place").length;
  return { thread: count - inPlace, inPlace };
}

test(
  "a disk that was quick 32 times in a row is asked in place, which is quicker than to ask a thread",
  async (disk, sync, file) => {
    assertEquals(await asked(disk, sync, file, 40), { thread: 32, inPlace: 8 });
  },
);

test(
  "a slow disk is never asked in place, also where it has nothing to write now and then",
  async (disk, sync, file) => {
    for (let i = 0; i < 20; i++) {
      disk.needsMs = QUICK_MS.inPlace;
      assertEquals(await asked(disk, sync, file, 31), { thread: 31, inPlace: 0 });
      disk.needsMs = SLOW_MS.byThread;
      assertEquals(await asked(disk, sync, file, 1), { thread: 1, inPlace: 0 });
    }
  },
);

test("a disk that is slow all of a sudden holds the program up once", async (disk, sync, file) => {
  disk.needsMs = QUICK_MS.byThread;
  await asked(disk, sync, file, 32);
  disk.needsMs = SLOW_MS.inPlace;
  assertEquals(await asked(disk, sync, file, 1), { thread: 0, inPlace: 1 });
  disk.needsMs = 50;
  assertEquals(await asked(disk, sync, file, 100), { thread: 100, inPlace: 0 });
  disk.needsMs = QUICK_MS.inPlace;
  assertEquals(await asked(disk, sync, file, 1_000), { thread: 1_000, inPlace: 0 });
  assertEquals(await asked(disk, sync, file, 100), { thread: 32, inPlace: 68 });
});

test(
  "folders do not say that a disk is quick: one that did not change always is",
  async (disk, sync, file, root) => {
    for (let i = 0; i < 100; i++) await sync.folder(root);
    assertEquals(await asked(disk, sync, file, 32), { thread: 32, inPlace: 0 });
  },
);

test(
  "what came while a sync in place was slow is heard before it ends",
  async (disk, sync, file) => {
    await asked(disk, sync, file, 32);
    disk.needsMs = SLOW_MS.inPlace;
    let heard = false;
    setImmediate(() => heard = true);
    await sync.file(file, 10);
    assertEquals(heard, true);
  },
);

test("a large file is left to a thread, however quick the disk was", async (disk, sync, file) => {
  await asked(disk, sync, file, 32);
  disk.asked = [];
  await sync.file(file, 2 ** 20);
  await sync.file(file, 2 ** 20 + 1);
  assertEquals(disk.asked, ["in place", "thread"]);
});

test("the folders of a quick disk are synced in place too", async (disk, sync, file, root) => {
  await sync.folder(root);
  await asked(disk, sync, file, 32);
  fs.mkdirSync(`${root}/a`);
  disk.asked = [];
  await sync.folder(`${root}/a`);
  assertEquals(disk.asked, ["in place", "in place"]);
});

test(
  "what the disk refuses in place is a failure like any other, and not tried in place again",
  async (disk, sync, file) => {
    await asked(disk, sync, file, 32);
    disk.fails = true;
    disk.asked = [];
    await assertRejects(() => sync.file(file, 10), Error, "EIO");
    disk.fails = false;
    await sync.file(file, 10);
    assertEquals(disk.asked, ["in place", "thread"]);
  },
);
