import fs from "node:fs";
import { assertEquals, assertRejects } from "@std/assert";
import { ownCalls } from "../../../core/disk/disk_calls.ts";
import { createDiskSync } from "../../../core/disk/disk_sync.ts";
import type { DiskSync } from "../../../core/disk/disk_sync.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { fsError, withPatchedFs } from "../patched_fs.ts";

/** A disk that needs so long for a sync, by a clock of its own. */
interface SlowDisk {
  needsMs: number;
  fails: boolean;
  /** How each sync was asked for. */
  asked: ("thread" | "in place")[];
}

function test(name: string, run: (disk: SlowDisk, sync: DiskSync, file: number) => Promise<void>): void {
  testInRoot(name, async (root) => {
    const disk: SlowDisk = { needsMs: 0.02, fails: false, asked: [] };
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
        await run(disk, createDiskSync(root.path, { monotonic: () => now }), file);
      });
    } finally {
      fs.closeSync(file);
    }
  });
}

/** How these many files of 10 bytes are synced, one after the other. */
async function asked(disk: SlowDisk, sync: DiskSync, file: number, count: number): Promise<Record<string, number>> {
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
      disk.needsMs = 0.02;
      assertEquals(await asked(disk, sync, file, 31), { thread: 31, inPlace: 0 });
      disk.needsMs = 0.2;
      assertEquals(await asked(disk, sync, file, 1), { thread: 1, inPlace: 0 });
    }
  },
);

test("a disk that is slow all of a sudden holds the program up once", async (disk, sync, file) => {
  await asked(disk, sync, file, 32);
  disk.needsMs = 50;
  assertEquals(await asked(disk, sync, file, 100), { thread: 99, inPlace: 1 });
  disk.needsMs = 0.02;
  assertEquals(await asked(disk, sync, file, 1_000), { thread: 1_000, inPlace: 0 });
  assertEquals(await asked(disk, sync, file, 100), { thread: 32, inPlace: 68 });
});

test("a large file is left to a thread, however quick the disk was", async (disk, sync, file) => {
  await asked(disk, sync, file, 32);
  disk.asked = [];
  await sync.file(file, 2_000_000);
  assertEquals(disk.asked, ["thread"]);
});

test("what the disk refuses in place is a failure like any other", async (disk, sync, file) => {
  await asked(disk, sync, file, 32);
  disk.fails = true;
  disk.asked = [];
  await assertRejects(() => sync.file(file, 10), Error, "EIO");
  assertEquals(disk.asked, ["in place"]);
});
