import { assert, assertEquals } from "@std/assert";
import fs from "node:fs";
import { isRegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { createLocalFiles } from "../../../files/local.ts";
import { fsError, withPatchedFs } from "../../backends/patched_fs.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { text } from "../contents.ts";
/** A clock by which moving processes are dead. */
const later = { ...realSystem, now: () => realSystem.now() + 60_000 };

/** Creates a folder outside a store, with one file in a folder. */
function outside(root: TempRoot): string {
  fs.mkdirSync(root.join("home", "docs"), { recursive: true });
  fs.writeFileSync(root.join("home", "docs", "thesis"), "years");
  fs.mkdirSync(root.join("store"));
  return root.join("home");
}

testInRoot("a recovery follows no link out of the store", async (root) => {
  const home = outside(root);
  const moving = root.join("store", ".holdfast-moving");
  const files = createLocalFiles({ root: root.join("store"), system: later });
  const check = async () => {
    assertEquals(await files.stat("thesis"), undefined);
    assertEquals(await Array.fromAsync(files.list("")), []);
    assertEquals(fs.readFileSync(root.join("home", "docs", "thesis"), "utf8"), "years");
  };
  fs.symlinkSync(home, moving);
  await check();
  fs.unlinkSync(moving);
  fs.mkdirSync(moving);
  for (const name of ["1-a", "b"]) fs.symlinkSync(`${home}/docs`, `${moving}/${name}`);
  await check();
});

testInRoot("a move takes no file through a link out of the store", async (root) => {
  fs.symlinkSync(outside(root), root.join("store", ".holdfast-moving"));
  const files = createLocalFiles({ root: root.join("store"), system: later });
  await files.write("a", text("x"));
  const error = await files.move("a", "b").then(() => undefined, (error) => error);
  assert(isRegistryError(error), String(error));
  assertEquals(new TextDecoder().decode(await (await files.open("a")).bytes()), "x");
  assertEquals(fs.readdirSync(root.join("home")), ["docs"]);
});

testInRoot("a hard link to a file in a move does not delete it", async (root) => {
  const files = createLocalFiles({ root: root.join("store") });
  await files.write("d/a", text("x"));
  const die = () => {
    throw fsError("EIO");
  };
  await withPatchedFs(
    () => ({ linkSync: die, unlinkSync: die, rmdirSync: die }),
    () => files.move("d/a", "b").catch(() => {}),
  );
  const moving = root.join("store", "d", ".holdfast-moving");
  const [own] = fs.readdirSync(moving);
  fs.linkSync(`${moving}/${own}/a`, root.join("backup"));
  const after = createLocalFiles({ root: root.join("store"), system: later });
  assertEquals((await after.stat("d/a"))?.kind, "file");
  assert(!fs.existsSync(moving), "nothing is left behind");
});
