import { assert, assertEquals, equal } from "@std/assert";
import type { NDArray } from "../../../formats/arrays/ndarray.ts";
import { isRegistryError } from "../../../core/errors.ts";
import type { FileStore } from "../../../core/file_store.ts";
import { realSystem, type System } from "../../../core/system.ts";
import { createFileManager } from "../../../files/mod.ts";
import { createZarrFiles } from "../../../files/zarr.ts";
import { partOfRun } from "../../support/seeds.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { text } from "../contents.ts";
import { refused } from "../../support/refused.ts";
import { KINDS, withMembers } from "../kinds.ts";

const chunks = (shape: readonly number[]) => shape.map((length) => Math.min(length, 4) || 1);

/** Returns an array whose elements identify a save. */
function plane(first: number, shape = [2, 3]): NDArray<"uint16"> {
  const data = new Uint16Array(shape.reduce((a, b) => a * b, 1)).fill(first);
  return { data, shape, dtype: "uint16" };
}

/** A system without waits: other processes act in between. */
const system = {
  ...realSystem,
  sleep: async (...[ms, signal]: [number, AbortSignal?]) => {
    if (ms >= 1000) await realSystem.sleep(ms, signal);
  },
};
/** A clock by which silent processes are dead. */
const later = { ...system, now: () => realSystem.now() + 10 * 60_000 };

/** Opens a store over the same files, as another process does. */
const open = (files: FileStore, its: System = system) =>
  createZarrFiles({ files, chunks, system: its });

async function inWorks(below: FileStore): Promise<string[]> {
  return await Array.fromAsync(below.list(".zarr-saving"), ({ path }) => path).catch(() => []);
}

const MUTATING = [
  "write",
  "createFolder",
  "remove",
  "removeFolder",
  "move",
] as const;

/** The same store, with an action before changes from this number on. */
function before(
  below: FileStore,
  at: number,
  action: () => void | Promise<void>,
): { files: FileStore; calls(): number } {
  let calls = 0;
  const own: Partial<FileStore> = {};
  for (const name of MUTATING) {
    const call = below[name] as ((...args: unknown[]) => Promise<unknown>) | undefined;
    if (call === undefined) continue;
    Object.assign(own, {
      [name]: async (...args: unknown[]) => {
        if (calls++ >= at) await action();
        return await call.apply(below, args);
      },
    });
  }
  return { files: withMembers(below, own), calls: () => calls };
}

function testOver(name: string, run: (create: () => FileStore, kind: string) => Promise<void>) {
  for (const [kind, create] of Object.entries(KINDS)) {
    testInRoot(`zarr over ${kind}: ${name}`, async (root) => {
      let number = 0;
      await run(() => create(root.join(`${number++}`)), kind);
    });
  }
}

/** Changes of the array at `a`. */
const TASKS: Record<string, (files: FileStore) => Promise<unknown>> = {
  "save of the same shape": (files) => files.save!("a", plane(2)),
  "save of many chunks": (files) => files.save!("a", plane(2, [9, 9])),
  "write of bytes": (files) => files.write("a", text("bytes")),
  move: (files) => files.move("a", "b"),
  remove: (files) => files.remove("a"),
  copy: (files) => files.copyFile!("a", "b"),
};

testOver("a kill at any step loses no array, and blocks no later save", async (create) => {
  for (const shape of [[2, 3], [9, 9]]) {
    for (const [name, task] of partOfRun(Object.entries(TASKS), 2)) {
      for (let step = 0, isKilled = true; isKilled; step++) {
        const what = `${name} of ${shape}, step ${step}`;
        const below = create();
        await open(below).save!("a", plane(1, shape));
        const { files, calls } = before(below, step, () => {
          throw new Error("killed");
        });
        await task(open(files)).catch(() => {});
        isKilled = calls() > step;
        const manager = await createFileManager({ zarr: open(below, later) }).on("zarr");
        const load = (path: string) =>
          manager.load(path).catch((error) => {
            assert(isRegistryError(error, "NotFound"), `${what}: ${error}`);
          });
        const [a, b] = [await load("a"), await load("b")];
        const known = [undefined, plane(1, shape), plane(2), plane(2, [9, 9]), text("bytes")];
        const isKnown = [a, b].every((found) => known.some((value) => equal(found, value)));
        assert(isKnown, `${what}: part of an array`);
        if (name !== "remove") assert((a ?? b) !== undefined, `${what}: the array is nowhere`);
        const after = open(below, later);
        for (const path of ["a", "b"]) {
          await after.save!(path, plane(3, [5]));
          assertEquals(await after.load!(path), plane(3, [5]), what);
        }
        const paths = await Array.fromAsync(after.list(""), ({ path }) => path);
        assertEquals(paths, ["a", "b"], what);
        assertEquals(await inWorks(below), [], what);
      }
    }
  }
});

/** Tasks on a disk, where each step takes time. */
const FIRST_ON_DISK = ["save of many chunks", "write of bytes"];

testOver("concurrent changes of an array happen in sequence, or fail", async (create, kind) => {
  for (const shape of [[2, 3], [9, 9]]) {
    for (const [name, task] of Object.entries(TASKS)) {
      for (const [other, second] of partOfRun(Object.entries(TASKS), 3)) {
        if (kind === "disk" && !FIRST_ON_DISK.includes(name)) continue;
        for (let step = 0, isIn = true; isIn; step++) {
          const what = `${other} in a ${name} of ${shape}, step ${step}`;
          const below = create();
          await open(below).save!("a", plane(1, shape));
          let isAlone = false;
          let outcome: PromiseSettledResult<unknown> | undefined;
          const { files, calls } = before(below, step, async () => {
            if (isAlone) return;
            isAlone = true;
            [outcome] = await Promise.allSettled([second(open(below))]);
          });
          const [own] = await Promise.allSettled([task(open(files))]);
          isIn = calls() > step;
          for (const result of [own, outcome]) {
            const isKnown = result?.status !== "rejected" ||
              isRegistryError(result.reason, "Conflict", "NotFound", "AlreadyExists");
            assert(isKnown, `${what}: ${result?.status === "rejected" && result.reason}`);
          }
          const manager = await createFileManager({ zarr: open(below) }).on("zarr");
          const saved = [plane(1, shape), plane(2), plane(2, [9, 9]), text("bytes")];
          let found = 0;
          for (const path of ["a", "b"]) {
            if (!await manager.exists(path)) continue;
            const value = await manager.load(path);
            const isKnown = saved.some((known) => equal(known, value));
            assert(isKnown, `${what}: ${path} is part of an array`);
            found++;
          }
          const removes = [name, other].filter((each) => each === "remove").length;
          if (removes === 0) assert(found > 0, `${what}: nothing is left`);
          assertEquals(await inWorks(below), [], what);
          await open(below).save!("a", plane(3));
        }
      }
    }
  }
});

testOver("the lock of a live writer holds, that of a dead one expires", async (create) => {
  const below = create();
  await open(below).save!("a", plane(1, [9, 9]));
  const { files } = before(below, 3, () => {
    throw new Error("killed");
  });
  await open(files).save!("a", plane(2, [9, 9])).catch(() => {});
  await refused("Conflict", () => open(below).save!("a", plane(3, [9, 9])));
  await open(below, later).save!("a", plane(4, [9, 9]));
  assertEquals(await open(below).load!("a"), plane(4, [9, 9]));
});

testOver("a load during saves returns a whole array", async (create) => {
  const below = create();
  await open(below).save!("a", plane(1));
  const writer = open(below);
  const manager = await createFileManager({ zarr: open(below) }).on("zarr");
  let isOver = false;
  const writing = (async () => {
    for (let n = 1; n <= 60; n++) {
      await writer.save!("a", n % 2 === 0 ? plane(n) : plane(n, [n % 4 === 1 ? 3 : 9, 2]));
    }
    isOver = true;
  })();
  while (!isOver) {
    const value = await manager.load<NDArray>("a").catch((error) => {
      assert(isRegistryError(error, "Conflict", "NotFound"), String(error));
    });
    if (value === undefined) continue;
    assert(!(value instanceof Uint8Array), "the bytes of an array");
    const isWhole = value.data.every((element) => element === value.data[0] && element !== 0);
    assert(isWhole, "parts of two arrays");
  }
  await writing;
  assertEquals(await inWorks(below), []);
});
