import { assertEquals } from "@std/assert";
import fs from "node:fs";
import { dirname } from "node:path";
import { createLocalBackend } from "../../../backends/local.ts";
import { keyLayout } from "../../../backends/local/layout.ts";
import type { Backend } from "../../../core/backend.ts";
import { realSystem } from "../../../core/system.ts";
import { listed } from "../../conformance/backend/samples.ts";
import { withPatchedFs } from "../patched_fs.ts";
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

testInRoot("a folder of the dead is read again where its time is that of the last look, and young", async (root) => {
  const backend = await withDead(root, 0);
  setTime(root, 1_000);
  assertEquals(await live(backend), []);
  await backend.put(keyOf(CELLS[0], 3), LIVE, { mode: "create" });
  setTime(root, 1_000); // as if it had changed within the grain of the time
  assertEquals(await live(backend), [keyOf(CELLS[0], 3)]);
});

testInRoot("a folder of the dead is not read again", async (root) => {
  const backend = await withDead(root, 60_000);
  const read: unknown[] = [];
  const times = () => read.filter((path) => path === `${folderOf(root)}/`).length;
  const patch = ({ readdirSync }: typeof fs) => ({
    readdirSync: (...args: Parameters<typeof fs.readdirSync>) => {
      read.push(args[0]);
      return readdirSync(...args);
    },
  });
  await withPatchedFs(patch, async () => {
    assertEquals(await live(backend), []);
    assertEquals(times(), 1);
    setTime(root, 1_000);
    assertEquals(await live(backend), []);
    assertEquals(times(), 2);
  });
});

testInRoot("older generations of the dead in a folder that is read do not come to life", async (root) => {
  const backend = await withDead(root, 60_000);
  for (let generation = 3; generation <= 12; generation++) {
    await backend.put(keyOf(CELLS[0], generation), generation === 12 ? DEAD : LIVE);
  }
  await backend.put(keyOf(CELLS[1], 3), LIVE); // so that the folder of both is read
  assertEquals(folderOf(root, 12).startsWith(`${folderOf(root)}/`), true, "the newest lies in a folder of its own");
  assertEquals(await live(backend), [keyOf(CELLS[1], 3)]);
});

testInRoot("an older generation in a folder of its own is found when the newer one above it is gone", async (root) => {
  const backend = await withDead(root, 60_000);
  for (let generation = 3; generation <= 22; generation++) await backend.put(keyOf(CELLS[0], generation), LIVE);
  assertEquals(dirname(folderOf(root, 21)) === dirname(folderOf(root, 22)), true, "each lies in a folder of its own");
  assertEquals(await live(backend), [keyOf(CELLS[0], 22)]);
  await backend.delete(keyOf(CELLS[0], 22)); // the folder of the others does not change
  assertEquals(await live(backend), [keyOf(CELLS[0], 21)]);
});

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

/** Three cells with a record and a tombstone above it, read by a clock that is so much ahead. */
async function withDead(root: TempRoot, aheadMs: number): Promise<Backend> {
  const system = { ...realSystem, now: () => realSystem.now() + aheadMs };
  const backend = createLocalBackend({ path: root.path, durability: "os", system });
  for (const cell of CELLS) {
    await backend.put(keyOf(cell, 1), LIVE);
    await backend.put(keyOf(cell, 2), DEAD);
  }
  return backend;
}

/** Asked twice: of what the first look remembers, the second may make use. */
async function live(backend: Backend, after?: string): Promise<string[]> {
  const ask = () => listed(backend, "names/n/", { heads: true, except: isDead, after });
  await ask();
  return await ask();
}

function folderOf(root: TempRoot, generation = 1): string {
  return dirname(root.join(keyLayout("folded").pathOf(keyOf(CELLS[0], generation))!));
}

function setTime(root: TempRoot, seconds: number): void {
  fs.utimesSync(folderOf(root), seconds, seconds);
}
