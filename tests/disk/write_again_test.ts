import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fs from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { realSystem } from "../../core/system.ts";
import { findSurplus } from "../../disk/surplus_files.ts";
import { writeFiles } from "../../disk/write_files.ts";
import { fails } from "../materializers/fake_artifact.ts";
import { artifactOf, inFolder, refused, tree } from "./folder_case.ts";

const SAMPLE = {
  "a": "1",
  "sub/b": "2",
  "run -> executable": "x",
  "none -> folder": "",
  "link -> link": "sub/b",
};
const WRITTEN = ["a: 1", "link -> sub/b", "none/", "run: x", "sub/", "sub/b: 2"];

/** An artifact of which only these files can be read. */
function unreadable(
  files: Record<string, string>,
  but: string[] = [],
): ReturnType<typeof artifactOf> {
  const artifact = artifactOf(files);
  for (const file of artifact.files()) {
    if (but.includes(file.info.path)) continue;
    file.bytes = () => Promise.reject(new Error(`${file.info.path} was read`));
    file.stream = () => {
      throw new Error(`${file.info.path} was read`);
    };
  }
  return artifact;
}

inFolder("files that are the same stay, and are not read", async (root) => {
  const to = join(root, "out");
  await writeFiles(artifactOf(SAMPLE), to);
  fs.utimesSync(join(to, "a"), 1, 1);
  const { left, written, deleted, changes } = await writeFiles(unreadable(SAMPLE), to);
  assertEquals([left, written, deleted, changes], [5, 0, 0, []]);
  assertEquals(fs.statSync(join(to, "a")).mtimeMs, 1000);
  const file = join(root, "file");
  await writeFiles(artifactOf({ f: "1" }, "file"), file);
  assertEquals((await writeFiles(artifactOf({ f: "1" }, "file"), file)).left, 1);
});

inFolder("missing files are written beside others", async (root) => {
  const to = join(root, "out");
  await writeFiles(artifactOf(SAMPLE), to);
  fs.writeFileSync(join(to, "mine"), "mine");
  for (const path of ["a", "link", "none"]) fs.rmSync(join(to, path), { recursive: true });
  const { left, changes } = await writeFiles(unreadable(SAMPLE, ["a", "link", "none"]), to);
  assertEquals(left, 2);
  const added = changes.map(({ path, change }) => `${change} ${path}`);
  assertEquals(added.sort(), ["add a", "add link", "add none"]);
  assertEquals(tree(to), [...WRITTEN.slice(0, 2), "mine: mine", ...WRITTEN.slice(2)]);
});

inFolder("different files are AlreadyExists, and nothing changes", async (root) => {
  const to = join(root, "out");
  await writeFiles(artifactOf(SAMPLE), to);
  fs.writeFileSync(join(to, "sub/b"), "3"); // of the same size
  fs.rmSync(join(to, "a"));
  fs.rmSync(join(to, "link"));
  fs.symlinkSync("a", join(to, "link"));
  if (process.platform !== "win32") fs.chmodSync(join(to, "run"), 0o644);
  const before = tree(to);
  for (const dryRun of [false, true]) {
    const error = await refused("AlreadyExists", artifactOf(SAMPLE), to, { dryRun });
    const expected = `3 files differ from the version ("sub/b", "run", "link")`;
    assertStringIncludes(error.message, expected);
    assertEquals(tree(to), before);
  }
  const planned = await writeFiles(artifactOf(SAMPLE), to, { overwrite: true, dryRun: true });
  assertEquals(tree(to), before);
  const done = await writeFiles(artifactOf(SAMPLE), to, { overwrite: true });
  assertEquals(done, planned);
  assertEquals([done.left, done.written], [1, 4]);
  assertEquals(tree(to), WRITTEN);
  assertEquals((fs.lstatSync(join(to, "run")).mode & 0o100) !== 0, process.platform !== "win32");
});

inFolder("other files are removed on request, without following links", async (root) => {
  const to = join(root, "out");
  await writeFiles(artifactOf(SAMPLE), to);
  fs.mkdirSync(join(root, "outside"));
  fs.writeFileSync(join(root, "outside/theirs"), "theirs");
  fs.mkdirSync(join(to, "old/deep/empty"), { recursive: true });
  fs.writeFileSync(join(to, "old/file"), "old");
  fs.writeFileSync(join(to, "none/more"), "more");
  fs.symlinkSync("../outside", join(to, "out"));
  const before = tree(to);
  const planned = await writeFiles(unreadable(SAMPLE), to, { delete: true, dryRun: true });
  assertEquals(planned.changes.every(({ change }) => change === "remove"), true);
  const removed = planned.changes.map(({ path }) => path);
  assertEquals(removed, ["none/more", "old/deep/empty/", "old/file", "out"]);
  assertEquals(tree(to), before);
  const done = await writeFiles(unreadable(SAMPLE), to, { delete: true });
  assertEquals([done.left, done.written, done.deleted], [5, 0, 4]);
  assertEquals(tree(to), WRITTEN);
  assertEquals(tree(join(root, "outside")), ["theirs: theirs"]);
});

inFolder("other files in the way are removed on request", async (root) => {
  const to = join(root, "out");
  await writeFiles(artifactOf({ "a/x": "1", "b": "2" }), to);
  fs.symlinkSync("a", join(to, "c"));
  const next = { "a": "1", "b/y": "2", "c/z": "3" };
  const before = tree(to);
  await refused("AlreadyExists", artifactOf(next), to, { overwrite: true });
  assertEquals(tree(to), before);
  await writeFiles(artifactOf(next), to, { delete: true });
  assertEquals(tree(to), ["a: 1", "b/", "b/y: 2", "c/", "c/z: 3"]);
});

inFolder("working copies, registries and other downloads are never removed", async (root) => {
  const to = join(root, "out");
  for (const path of ["lib/.git", ".holdfast-other", "reg/settings", "kept/.holdfast"]) {
    fs.mkdirSync(join(to, path), { recursive: true });
    fs.writeFileSync(join(to, path, "0000000000000001.rec"), "x");
  }
  const before = tree(to);
  const { deleted } = await writeFiles(artifactOf({ "a": "1" }), to, { delete: true });
  assertEquals([deleted, tree(to).filter((line) => line !== "a: 1")], [0, before]);
  await refused("Invalid", artifactOf({ "a": "1" }), join(to, "reg"), { delete: true });
  await refused("Invalid", artifactOf({ "a": "1" }), join(to, "reg/settings"), { delete: true });
  await refused("Invalid", artifactOf({ "a": "1" }), "/", { delete: true, dryRun: true });
  fs.rmSync(join(to, ".holdfast-other"), { recursive: true });
  fs.mkdirSync(join(to, "module/settings"), { recursive: true });
  fs.writeFileSync(join(to, "module/settings/notes.rec"), "no registry");
  const module = await writeFiles(artifactOf({ "a": "1" }), join(to, "module"), { delete: true });
  assertEquals([module.deleted, tree(join(to, "module"))], [1, ["a: 1"]]);
  const home = realSystem.env("HOME");
  for (const folder of home === undefined ? [] : [home, dirname(home)]) {
    await refused("Invalid", artifactOf({ "a": "1" }), folder, { delete: true, dryRun: true });
  }
});

inFolder("nothing is removed through a link that replaced a folder", async (root) => {
  const to = join(root, "out");
  fs.mkdirSync(join(root, "outside"));
  fs.mkdirSync(join(to, "old"), { recursive: true });
  for (const path of ["outside/x", "out/old/x"]) fs.writeFileSync(join(root, path), "x");
  const onFile = () => {
    fs.rmSync(join(to, "old"), { recursive: true });
    fs.symlinkSync("../outside", join(to, "old"));
  };
  await refused("AlreadyExists", artifactOf({ a: "1" }), to, { delete: true, onFile });
  assertEquals(tree(join(root, "outside")), ["x: x"]);
});

inFolder("files that patterns leave out are not removed", async (root) => {
  const to = join(root, "out");
  fs.mkdirSync(join(to, "old"), { recursive: true });
  for (const path of ["old/x.csv", "y.csv", "z"]) fs.writeFileSync(join(to, path), "x");
  const chosen = (path: string) => path.endsWith(".csv");
  const options = { delete: true, chosen };
  const { deleted } = await writeFiles(artifactOf({ "a.csv": "1", "b": "2" }), to, options);
  assertEquals([deleted, tree(to)], [2, ["a.csv: 1", "old/", "z: x"]]);
});

inFolder("nothing is removed beside a single file", async (root) => {
  fs.writeFileSync(join(root, "mine"), "mine");
  const { deleted } = await writeFiles(artifactOf({ f: "1" }, "file"), root, { delete: true });
  assertEquals([deleted, tree(root)], [0, ["f: 1", "mine: mine"]]);
});

inFolder("a dry run creates no folder", async (root) => {
  const to = join(root, "x/y");
  const { path, written } = await writeFiles(artifactOf(SAMPLE), to, { dryRun: true });
  assertEquals([path, written, fs.existsSync(join(root, "x"))], [to, 5, false]);
});

inFolder("concurrent writes of the same files all succeed", async (root) => {
  const to = join(root, "out");
  const numbers = Array.from({ length: 50 }, (_, i) => [`${i % 5}/${i}`, `${i}`]);
  const files = Object.fromEntries(numbers);
  await Promise.all([1, 2, 3].map(() => writeFiles(artifactOf(files), to)));
  assertEquals((await writeFiles(unreadable(files), to)).left, 50);
  fs.rmSync(join(to, "1"), { recursive: true });
  await Promise.all([1, 2, 3].map(() => writeFiles(artifactOf(files), to)));
  assertEquals(fs.readFileSync(join(to, "1/1"), "utf8"), "1");
  const both = await Promise.allSettled(
    ["x", "y"].map((other) => writeFiles(artifactOf({ ...files, other }), to)),
  );
  assertEquals(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});

const DELETE = { overwrite: true, delete: true };

inFolder("a home behind a link is not cleared", async (root) => {
  fs.mkdirSync(join(root, "disk/me"), { recursive: true });
  fs.symlinkSync("disk", join(root, "home"));
  const env = (name: string) => name === "HOME" ? join(root, "home/me/") : undefined;
  const disk = fs.realpathSync(join(root, "disk"));
  for (const folder of [disk, join(disk, "me")]) {
    const { message } = await fails("Invalid", () => findSurplus(folder, [], { system: { env } }));
    assertMatch(message, /it is your home, or above it/);
  }
  const elsewhere = await findSurplus(join(root, "disk"), [], { system: { env: () => undefined } });
  assertEquals(elsewhere.paths, ["me/"]);
});

inFolder("a file under a name of other case is that of the version", async (root) => {
  const to = join(root, "out");
  fs.mkdirSync(join(to, "Data"), { recursive: true });
  fs.mkdirSync(join(to, "data"));
  fs.writeFileSync(join(to, "README"), "1");
  fs.writeFileSync(join(to, "Data/b"), "2");
  // Hard links stand for a disk that ignores case.
  fs.linkSync(join(to, "README"), join(to, "readme"));
  fs.linkSync(join(to, "Data/b"), join(to, "data/b"));
  fs.writeFileSync(join(to, "other"), "3");
  const { changes } = await writeFiles(artifactOf({ readme: "1", "data/b": "2" }), to, DELETE);
  assertEquals(changes, [{ path: "other", change: "remove" }]);
  assertEquals(tree(to), ["Data/", "Data/b: 2", "README: 1", "data/", "data/b: 2", "readme: 1"]);
});

inFolder("nothing is written into a registry, not even through links", async (root) => {
  fs.mkdirSync(join(root, "real/registry"), { recursive: true });
  fs.symlinkSync("real", join(root, "link"));
  const artifact = artifactOf({ "settings/1.rec": "forged" });
  for (const [registry, to] of [["real", "link"], ["link", "real"], ["real", "real"]]) {
    const notInside = pathToFileURL(join(root, registry, "registry")).href;
    for (const below of ["registry", "registry/new/folder"]) {
      const to_ = join(root, to, below);
      await fails("Invalid", () => writeFiles(artifact, to_, { notInside, overwrite: true }));
    }
    await writeFiles(artifact, join(root, to, "registry2"), { notInside, overwrite: true });
  }
  const { length } = tree(join(root, "real/registry"));
  assertEquals(length, 0);
  const written = ["settings/", "settings/1.rec: forged"];
  assertEquals(tree(join(root, "real/registry2")), written);
});
