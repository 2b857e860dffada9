import { assert, assertEquals } from "@std/assert";
import fs from "node:fs";
import { isRegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { createLocalFiles } from "../../../files/local.ts";
import { fsError, withPatchedFs } from "../../backends/patched_fs.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { contents, text } from "../contents.ts";

/** A clock by which writers are dead. */
const later = { ...realSystem, now: () => realSystem.now() + 25 * 3_600_000 };

/** Calls of a move that change a disk. */
const CHANGES = [
  "mkdirSync",
  "writeFileSync",
  "renameSync",
  "linkSync",
  "symlinkSync",
  "unlinkSync",
  "rmdirSync",
] as const;

/** Runs an action after one of the steps that change the disk. False if there is no such step. */
async function between(
  at: number,
  what: () => void,
  run: () => Promise<unknown>,
): Promise<boolean> {
  let step = 0, isInside = false;
  await withPatchedFs(
    (real) =>
      Object.fromEntries(CHANGES.map((name) => [name, (...args: unknown[]) => {
        const result = (real[name] as (...args: unknown[]) => unknown)(...args);
        if (!isInside && step++ === at) {
          isInside = true;
          what();
          isInside = false;
        }
        return result;
      }])),
    run,
  );
  return step > at;
}

/** Runs until the process dies at a step that changes the disk. False if there is no such step. */
async function killedAt(step: number, run: () => Promise<unknown>): Promise<boolean> {
  let left = step;
  await withPatchedFs(
    (real) =>
      Object.fromEntries(CHANGES.map((name) => [name, (...args: unknown[]) => {
        if (left-- <= 0) throw fsError("EIO"); // it does not clean up either
        return (real[name] as (...args: unknown[]) => unknown)(...args);
      }])),
    () => run().catch(() => {}),
  );
  return left < 0;
}

const MOST_STEPS = 20;

for (const durability of ["os", "disk"] as const) {
  testInRoot(`a save during a move stays: ${durability}`, async (root) => {
    for (let step = 0, isIn = true; isIn; step++) {
      const files = createLocalFiles({ root: root.join(`${step}`), durability });
      const other = createLocalFiles({ root: root.join(`${step}`) });
      await files.write("a", text("old"));
      let saved: Promise<unknown> = Promise.resolve();
      const save = () => void (saved = other.write("a", text("new")));
      isIn = await between(step, save, () => files.move("a", "b"));
      if (!isIn) break;
      await saved;
      const { a, b, ...others } = await contents(files);
      assertEquals(others, {});
      assertEquals([a, b], b === "new" ? [undefined, "new"] : ["new", "old"], `step ${step}`);
      assert(step < MOST_STEPS);
    }
  });
}

testInRoot("a file replaced right before its old path is removed stays", async (root) => {
  const files = createLocalFiles({ root: root.path });
  await files.write("a", text("old"));
  await withPatchedFs((real) => ({
    renameSync: (from: string, to: string) => {
      if (from === root.join("a")) {
        real.writeFileSync(root.join("other"), "new");
        real.renameSync(root.join("other"), from);
      }
      real.renameSync(from, to);
    },
  }), () => files.move("a", "b"));
  assertEquals(await contents(files), { a: "new", b: "old" });
  assertEquals(fs.readdirSync(root.path).sort(), ["a", "b"]);
});

testInRoot("two moves of a file at once lose nothing", async (root) => {
  for (let step = 0, isIn = true; isIn; step++) {
    const files = createLocalFiles({ root: root.join(`${step}`) });
    const other = createLocalFiles({ root: root.join(`${step}`) });
    await files.write("a", text("x"));
    const moves: Promise<unknown>[] = [];
    const second = () => void moves.push(other.move("a", "c"));
    isIn = await between(step, second, async () => {
      moves.push(files.move("a", "b"));
      await Promise.allSettled(moves);
    });
    const outcomes = await Promise.allSettled(moves);
    if (!isIn) break;
    const lost = outcomes.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    for (const { reason } of lost) assert(isRegistryError(reason, "NotFound"), String(reason));
    const { a, ...moved } = await contents(files);
    assertEquals(a, undefined, `step ${step}`);
    assertEquals(Object.values(moved), Array(2 - lost.length).fill("x"), `step ${step}`);
  }
});

testInRoot("of two moves of a file in one program, one succeeds", async (root) => {
  const files = createLocalFiles({ root: root.path });
  await files.write("a", text("x"));
  const moves = await Promise.allSettled(["b", "c"].map((to) => files.move("a", to)));
  assertEquals(moves.map(({ status }) => status), ["fulfilled", "rejected"]);
  assertEquals(await contents(files), { b: "x" });
});

testInRoot("a move to a path that becomes occupied changes nothing", async (root) => {
  for (const kind of ["file", "link"] as const) {
    for (let step = 0, isIn = true; isIn; step++) {
      const files = createLocalFiles({ root: root.join(kind, `${step}`) });
      if (kind === "file") await files.write("a", text("x"));
      else await files.createLink("a", "x");
      let isTaken = false;
      const take = () => {
        try {
          fs.writeFileSync(root.join(kind, `${step}`, "b"), "other", { flag: "wx" });
          isTaken = true;
        } catch { /* the move was faster */ }
      };
      const move = () =>
        files.move("a", "b").catch((error) =>
          assert(isRegistryError(error, "AlreadyExists"), String(error))
        );
      isIn = await between(step, take, move);
      const a = kind === "file" ? "x" : "-> x";
      const expected: Record<string, string> = isTaken ? { a, b: "other" } : { b: a };
      assertEquals(await contents(files), expected, `${kind}, step ${step}`);
    }
  }
});

testInRoot("a kill at any step of a move loses nothing", async (root) => {
  for (const kind of ["file", "link", "folder"] as const) {
    for (let step = 0, isKilled = true; isKilled; step++) {
      const path = root.join(kind, `${step}`);
      const files = createLocalFiles({ root: path });
      if (kind === "file") await files.write("from/a", text("x"));
      else if (kind === "link") await files.createLink("from/a", "x");
      else await files.write("from/a/b", text("x"));
      isKilled = await killedAt(step, () => files.move("from/a", "to/a"));
      const value = kind === "link" ? "-> x" : "x";
      const inside = kind === "folder" ? "/b" : "";
      const after = createLocalFiles({ root: path, system: later });
      const entry = await after.stat("from/a") ?? await after.stat("to/a");
      assert(entry !== undefined, `${kind}, step ${step}: it is nowhere`);
      const found = await contents(after);
      assertEquals(new Set(Object.values(found)), new Set([value]), `${kind}, step ${step}`);
      assert(
        Object.keys(found).every((path) => [`from/a${inside}`, `to/a${inside}`].includes(path)),
      );
      for (const found of ["from/a/b", "from/a", "from"]) await after.remove(found);
      assert(!fs.existsSync(`${path}/from`), "the folder can be removed");
      assert(step < MOST_STEPS);
    }
  }
});

testInRoot("a folder that is replaced during its move is not moved", async (root) => {
  for (const came of ["file", "folder"] as const) {
    const files = createLocalFiles({ root: root.join(came) });
    await files.write("a/b", text("x"));
    let isDone = false;
    await withPatchedFs((real) => ({
      renameSync: (from: string, to: string) => {
        if (!isDone) {
          isDone = true;
          if (came === "folder") {
            real.mkdirSync(root.join(came, "c"));
            real.writeFileSync(root.join(came, "c", "d"), "other");
          } else {
            real.renameSync(root.join(came, "a"), root.join(came, "moved"));
            real.writeFileSync(root.join(came, "a"), "new");
            real.writeFileSync(root.join(came, "c"), "other");
          }
        }
        real.renameSync(from, to);
      },
    }), async () => {
      const error = await files.move("a", "c").then(() => undefined, (error) => error);
      assert(isRegistryError(error, "AlreadyExists", "Conflict"), String(error));
    });
    const replaced = { "moved/b": "x", a: "new", c: "other" };
    const expected = came === "folder" ? { "a/b": "x", "c/d": "other" } : replaced;
    assertEquals(await contents(files), expected);
  }
});
