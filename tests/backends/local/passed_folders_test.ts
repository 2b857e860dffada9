import { assertEquals, assertRejects } from "@std/assert";
import fs from "node:fs";
import { dirname } from "node:path";
import { createLocalBackend } from "../../../backends/local.ts";
import { createPassedFolders } from "../../../backends/local/list.ts";
import { keyLayout } from "../../../backends/local/layout.ts";
import type { Backend } from "../../../core/backend.ts";
import { RegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import type { System } from "../../../core/system.ts";
import { listed } from "../../conformance/backend/samples.ts";
import { fsError, withPatchedFs } from "../patched_fs.ts";
import { clockOfSteps } from "./layout_samples.ts";
import { testInRoot } from "../../support/temp_root.ts";
import type { TempRoot } from "../../support/temp_root.ts";

const CELLS = ["p9p9p8", "p9p9p7", "p9p9p6"];
const keyOf = (cell: string, generation: number) =>
  `names/n/versions/final/${cell}/${9007199254740991 - generation}.rec`;
const DEAD = new Uint8Array(5);
const LIVE = new Uint8Array(9);
const isDead = ({ size }: { size: number }) => size === DEAD.byteLength;

testInRoot(
  "a folder of the dead is passed by as long as it does not change: what is created in it is found",
  async (root) => {
    const backend = await withDead(root, 60_000);
    setTime(root, 1_000);
    assertEquals(await live(backend), []);
    await backend.put(keyOf(CELLS[1], 3), LIVE, { mode: "create" });
    assertEquals(await live(backend), [keyOf(CELLS[1], 3)]);
  },
);

testInRoot(
  "a folder of the dead is read again where it may have changed within the grain of its time",
  async (root) => {
    const backend = await withDead(root, 0);
    setTime(root, 1_000);
    assertEquals(await live(backend), []);
    await backend.put(keyOf(CELLS[0], 3), LIVE, { mode: "create" });
    setTime(root, 1_000); // as if it had changed within the grain of the time
    assertEquals(await live(backend), [keyOf(CELLS[0], 3)]);
  },
);

testInRoot(
  "a folder of the dead is not read again once it has looked the same for a while",
  async (root) => {
    const time = { monotonic: () => seconds * 1000 };
    let seconds = 0;
    const backend = await withDead(root, 0, time);
    await counted(root, async (times) => {
      const looks = [[0, 1], [1.9, 2], [2, 3], [2.1, 3], [9, 3]];
      for (const [at, count] of looks) {
        seconds = at;
        assertEquals(await look(backend), []);
        assertEquals(times(), count, `read so often after ${at} s`);
      }
      setTime(root, 1_000);
      for (const [at, count] of looks) {
        seconds = 10 + at;
        assertEquals(await look(backend), []);
        assertEquals(times(), 3 + count, `read so often ${at} s after a change`);
      }
    });
  },
);

testInRoot("what takes long to be read is not older for it", async (root) => {
  let seconds = 0;
  const backend = await withDead(root, 0, { monotonic: () => seconds * 1000 });
  await counted(root, async (times) => {
    for (let n = 1; n <= 3; n++) {
      assertEquals(await look(backend), []);
      assertEquals(times(), n);
    }
  }, () => void (seconds += 3));
});

testInRoot("the clock of the file system may be any", async (root) => {
  const backend = await withDead(root, 0, { now: () => realSystem.now() + 3_600_000 });
  setTime(root, 1_000);
  assertEquals(await live(backend), []);
  await backend.put(keyOf(CELLS[0], 3), LIVE, { mode: "create" });
  setTime(root, 1_000); // as if it had changed within the grain of the time
  assertEquals(await live(backend), [keyOf(CELLS[0], 3)]);
});

testInRoot(
  "what others create is found where the file system answers a look from memory until it opens",
  async (root) => {
    const backend = await withDead(root, 60_000);
    setTime(root, 1_000);
    let kept: fs.Stats | undefined;
    const patch = ({ lstatSync }: typeof fs) => ({
      lstatSync: (path: string) =>
        path === `${folderOf(root)}/` ? (kept ??= lstatSync(path)) : lstatSync(path),
    });
    await withPatchedFs(patch, async () => {
      assertEquals(await live(backend), []);
      await backend.put(keyOf(CELLS[0], 3), LIVE, { mode: "create" });
      assertEquals(await look(backend), [keyOf(CELLS[0], 3)]);
    });
  },
);

testInRoot(
  "a folder is read where the file system leaves its time as it was, whatever comes",
  async (root) => {
    const backend = await withDead(root, 60_000);
    const patch = ({ fstatSync }: typeof fs) => ({
      fstatSync(file: number) {
        const stats = fstatSync(file);
        if (stats.isDirectory()) Object.assign(stats, { ctimeMs: 1_000, mtimeMs: 1_000 });
        return stats;
      },
    });
    await withPatchedFs(patch, async () => {
      assertEquals(await live(backend), []);
      await backend.put(keyOf(CELLS[0], 3), LIVE, { mode: "create" });
      assertEquals(await look(backend), [keyOf(CELLS[0], 3)]);
    });
  },
);

testInRoot("a folder with something that lives is not looked at", async (root) => {
  const backend = await withDead(root, 60_000);
  await backend.put(keyOf(CELLS[0], 3), LIVE);
  let looks = 0;
  const patch = ({ openSync }: typeof fs) => ({
    openSync: (...args: Parameters<typeof fs.openSync>) => (looks++, openSync(...args)),
  });
  await withPatchedFs(patch, async () => {
    assertEquals(await live(backend), [keyOf(CELLS[0], 3)]);
    assertEquals(looks, 0);
    await backend.put(keyOf(CELLS[0], 4), DEAD);
    setTime(root, 1_000);
    looks = 0;
    assertEquals(await live(backend), []);
    assertEquals(looks, 3, "one by each look");
    await backend.put(keyOf(CELLS[0], 5), LIVE);
    await look(backend);
    looks = 0;
    assertEquals(await live(backend), [keyOf(CELLS[0], 5)]);
    assertEquals(looks, 0);
  });
});

testInRoot(
  "a folder that cannot be looked at is read, and what is wrong there is an error of the registry",
  async (root) => {
    const backend = await withDead(root, 60_000);
    const folder = `${folderOf(root)}/`;
    const failing = (path: unknown, code: string) => {
      if (path === folder) throw fsError(code);
    };
    const opening = ({ openSync }: typeof fs) => ({
      openSync: (
        ...args: Parameters<typeof fs.openSync>
      ) => (failing(args[0], "EACCES"), openSync(...args)),
    });
    await withPatchedFs(opening, async () => assertEquals(await live(backend), []));
    const both = (real: typeof fs) => ({
      ...opening(real),
      readdirSync: (
        ...args: Parameters<typeof fs.readdirSync>
      ) => (failing(args[0], "EACCES"), real.readdirSync(...args)),
    });
    const error = await withPatchedFs(
      both,
      () => assertRejects(() => live(backend), RegistryError),
    );
    assertEquals(error.code, "Denied");
  },
);

testInRoot(
  "older generations of the dead in a folder that is read do not come to life",
  async (root) => {
    const backend = await withDead(root, 60_000);
    for (let generation = 3; generation <= 12; generation++) {
      await backend.put(keyOf(CELLS[0], generation), generation === 12 ? DEAD : LIVE);
    }
    await backend.put(keyOf(CELLS[1], 3), LIVE); // so that the folder of both is read
    assertEquals(
      folderOf(root, 12).startsWith(`${folderOf(root)}/`),
      true,
      "the newest lies in a folder of its own",
    );
    assertEquals(await live(backend), [keyOf(CELLS[1], 3)]);
  },
);

testInRoot(
  "an older generation in a folder of its own is found when the newer one above it is gone",
  async (root) => {
    const backend = await withDead(root, 60_000);
    for (let generation = 3; generation <= 22; generation++) {
      await backend.put(keyOf(CELLS[0], generation), LIVE);
    }
    assertEquals(
      dirname(folderOf(root, 21)) === dirname(folderOf(root, 22)),
      true,
      "each lies in a folder of its own",
    );
    assertEquals(await live(backend), [keyOf(CELLS[0], 22)]);
    await backend.delete(keyOf(CELLS[0], 22)); // the folder of the others does not change
    assertEquals(await live(backend), [keyOf(CELLS[0], 21)]);
  },
);

testInRoot("a stranger's file that is read as one of a cell hides nothing of it", async (root) => {
  const backend = await withDead(root, 60_000);
  const [first] = CELLS.toSorted();
  await backend.put(keyOf(first, 3), LIVE);
  fs.mkdirSync(root.join("names/n/v+"));
  fs.writeFileSync(root.join(`names/n/v+/ersions,final,${first},0`), DEAD);
  assertEquals(await live(backend), [keyOf(first, 3)]);
});

testInRoot("a listing of a part of a folder says nothing of the rest", async (root) => {
  const backend = await withDead(root, 60_000);
  const [last] = CELLS.toSorted();
  await backend.put(keyOf(last, 3), LIVE);
  assertEquals(await live(backend, keyOf(last, 1)), []);
  assertEquals(await live(backend), [keyOf(last, 3)]);
});

testInRoot("what is dead to one caller is not to another", async (root) => {
  const backend = await withDead(root, 60_000);
  assertEquals(await live(backend), []);
  const others = await listed(backend, "names/n/", { heads: true, except: () => false });
  assertEquals(others, CELLS.map((cell) => keyOf(cell, 2)).toSorted());
  assertEquals(await listed(backend, "names/n/", { heads: true }), others);
});

testInRoot(
  "of more folders than fit the first are remembered, and the others after an hour",
  (root) => {
    let hours = 0;
    const passed = createPassedFolders({ monotonic: () => hours * 3_600_000 }, { max: 2 });
    const folders = ["a", "b", "c"].map((name) => root.join(name));
    for (const folder of folders) fs.mkdirSync(folder);
    const walk = (way: string[]) =>
      way.map((folder) => {
        const { lastCell, pass } = passed.visit(folder, isDead);
        if (lastCell === undefined) pass("cell/", 0);
        return lastCell !== undefined;
      });
    assertEquals(walk(folders), [false, false, false]);
    hours = 0.1;
    assertEquals(walk(folders), [false, false, false]);
    assertEquals(walk(folders), [true, true, false]);
    hours = 1;
    assertEquals(walk(folders), [true, true, false], "forgets them, and remembers the last");
    hours = 1.1;
    assertEquals(walk(folders.toReversed()), [false, false, false]);
    assertEquals(walk(folders.toReversed()), [true, false, false], "there is room for the second");
    hours = 1.2;
    assertEquals(walk(folders.toReversed()), [true, false, false]);
    assertEquals(walk(folders.toReversed()), [true, true, false]);
    return Promise.resolve();
  },
);

/** Three cells with a record and a tombstone above it, read by a clock that goes on so much each time it is read. */
async function withDead(
  root: TempRoot,
  stepMs: number,
  system?: Partial<System>,
): Promise<Backend> {
  const steps = { ...realSystem, ...clockOfSteps(stepMs), ...system };
  const backend = createLocalBackend({ path: root.path, durability: "os", system: steps });
  for (const cell of CELLS) {
    await backend.put(keyOf(cell, 1), LIVE);
    await backend.put(keyOf(cell, 2), DEAD);
  }
  return backend;
}

/** Asked three times: what the first sees for a while the second remembers, and the third may make use of it. */
async function live(backend: Backend, after?: string): Promise<string[]> {
  for (let n = 0; n < 2; n++) await look(backend, after);
  return await look(backend, after);
}

async function look(backend: Backend, after?: string): Promise<string[]> {
  return await listed(backend, "names/n/", { heads: true, except: isDead, after });
}

/** Counts how often the folder of the dead is read. */
async function counted(
  root: TempRoot,
  run: (times: () => number) => Promise<void>,
  onRead?: () => void,
): Promise<void> {
  let times = 0;
  const patch = ({ readdirSync }: typeof fs) => ({
    readdirSync: (...args: Parameters<typeof fs.readdirSync>) => {
      const entries = readdirSync(...args);
      if (args[0] === `${folderOf(root)}/`) {
        times++;
        onRead?.();
      }
      return entries;
    },
  });
  await withPatchedFs(patch, () => run(() => times));
}

function folderOf(root: TempRoot, generation = 1): string {
  return dirname(root.join(keyLayout("folded").pathOf(keyOf(CELLS[0], generation))!));
}

function setTime(root: TempRoot, seconds: number): void {
  fs.utimesSync(folderOf(root), seconds, seconds);
}
