import { assert, assertEquals } from "@std/assert";
import fs from "node:fs";
import { isRegistryError } from "../../../core/errors.ts";
import type { FileStore } from "../../../core/file_store.ts";
import { realSystem } from "../../../core/system.ts";
import { createLocalFiles } from "../../../files/local.ts";
import { fsError, withPatchedFs } from "../../backends/patched_fs.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { contents, text } from "../contents.ts";

/** A clock by which moving processes are dead. */
const later = { ...realSystem, now: () => realSystem.now() + 60_000 };

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

/** Kills a move when the file has left its path. */
async function killWithin(files: FileStore, path: string): Promise<void> {
  const die = () => {
    throw fsError("EIO");
  };
  await withPatchedFs(() => ({ linkSync: die, unlinkSync: die, rmdirSync: die }), async () => {
    await files.move(path, "never").catch(() => {});
  });
  assertEquals(await files.stat(path), undefined);
}

testInRoot("a save during a move stays", async (root) => {
  for (let step = 0, isIn = true; isIn; step++) {
    const files = createLocalFiles({ root: root.join(`${step}`) });
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

testInRoot("one of two moves of a file succeeds", async (root) => {
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
    assertEquals(lost.length, 1, `step ${step}`);
    assert(isRegistryError(lost[0].reason, "NotFound"), String(lost[0].reason));
    assertEquals(Object.values(await contents(files)), ["x"]);
  }
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
      if (kind === "file") assertEquals(Object.keys(found).length, 1, `step ${step}`);
      assert(
        Object.keys(found).every((path) => [`from/a${inside}`, `to/a${inside}`].includes(path)),
      );
      for (const found of ["from/a/b", "from/a", "from"]) await after.remove(found);
      assert(!fs.existsSync(`${path}/from`), "the folder can be removed");
      assert(step < MOST_STEPS);
    }
  }
});

testInRoot("every use of a path finds the file of a killed move", async (root) => {
  const uses: Record<string, (files: FileStore) => Promise<unknown>> = {
    stat: async (files) => assertEquals((await files.stat("d/a"))?.kind, "file"),
    open: (files) => files.open("d/a"),
    list: async (files) => assertEquals((await Array.fromAsync(files.list("d"))).length, 1),
    names: async (files) => assertEquals((await files.names!("d")).length, 1),
    remove: async (files) => assertEquals(await files.remove("d/a"), true),
    move: (files) => files.move("d/a", "b"),
    "move onto it": (files) => refused(files.move("other", "d/a")),
    create: (files) => refused(files.write("d/a", text("y"), { mode: "create" })),
    "create a link": (files) => refused(files.createLink("d/a", "b")),
  };
  const refused = async (result: Promise<unknown>) => {
    const error = await result.then(() => undefined, (error) => error);
    assert(isRegistryError(error, "AlreadyExists"), String(error));
  };
  for (const [name, use] of Object.entries(uses)) {
    const files = createLocalFiles({ root: root.join(name) });
    await files.write("d/a", text("x"));
    await files.write("other", text("y"));
    await killWithin(files, "d/a");
    await use(createLocalFiles({ root: root.join(name), system: later }));
  }
});

testInRoot("a move that is presumed dead neither loses nor duplicates its file", async (root) => {
  for (let step = 0, isIn = true; isIn; step++) {
    const files = createLocalFiles({ root: root.join(`${step}`) });
    const sweeper = createLocalFiles({ root: root.join(`${step}`), system: later });
    await files.write("a", text("x"));
    const sweep = () => void sweeper.stat("nothing");
    const move = () =>
      files.move("a", "b").catch((error) =>
        assert(isRegistryError(error, "Conflict", "NotFound"), String(error))
      );
    isIn = await between(step, sweep, move);
    assertEquals(Object.values(await contents(sweeper)), ["x"], `step ${step}`);
  }
});

testInRoot("the file of a killed move returns when its path is free", async (root) => {
  const files = createLocalFiles({ root: root.path });
  await files.write("a", text("old"));
  await killWithin(files, "a");
  await files.write("a", text("new"));
  for (const ms of [60_000, 7 * 24 * 3600_000]) {
    const system = { ...realSystem, now: () => realSystem.now() + ms };
    const swept = createLocalFiles({ root: root.path, system });
    await swept.write("c", text("c"));
    assertEquals(await contents(swept), { a: "new", c: "c" });
  }
  await files.remove("a");
  assertEquals((await contents(createLocalFiles({ root: root.path, system: later }))).a, "old");
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
