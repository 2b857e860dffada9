import {
  assert,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { diffVersions, localPath, openRegistry } from "../../mod.ts";
import { folder, type LocalPathOptions } from "../../materializers/mod.ts";
import { factsOf } from "../../materializers/path/walk_folder.ts";
import { verifyRegistry } from "../../apps/maintenance.ts";
import { fails } from "./fake_artifact.ts";
import { inFolder, save, write } from "./in_folder.ts";

const TIMES: LocalPathOptions = { preserve: ["times"] };
const modifiedAt = (root: string, path: string) => Math.round(statSync(join(root, path)).mtimeMs);

inFolder(
  "times are kept on request, restored by a download, and part of the digest",
  async (root) => {
    const registry = await openRegistry("memory:");
    write(root, "small");
    write(root, "sub/large", new Uint8Array(2_000_000));
    write(root, "sub/run", "#!/bin/sh\n");
    chmodSync(join(root, "sub/run"), 0o755);
    const times = { small: 1_000_000.123, "sub/large": 5.999, "sub/run": 1.7e9 };
    for (const [path, time] of Object.entries(times)) utimesSync(join(root, path), time, time);
    const plain = await registry.save("plain", localPath(root));
    const first = await registry.save("kept", localPath(root, TIMES));
    assertNotEquals(first.digest, plain.digest);
    const files = (await registry.info("kept")).files.filter(({ mode }) => mode !== "folder");
    assertEquals(files.map(({ modifiedAt }) => modifiedAt), [
      "1970-01-12T13:46:40.123Z",
      "1970-01-01T00:00:05.999Z",
      "2023-11-14T22:13:20.000Z",
    ]);
    const to = join(root, "../copy");
    await registry.download("kept", { to });
    for (const path in times) assertEquals(modifiedAt(to, path), modifiedAt(root, path), path);
    const options = { skipIfUnchanged: true };
    assert((await registry.save("kept", localPath(to, TIMES), options)).skipped);
    utimesSync(join(root, "small"), 7, 7);
    assert((await registry.save("plain", localPath(root), options)).skipped);
    assertFalse((await registry.save("kept", localPath(root, TIMES), options)).skipped);
    assertEquals((await registry.info("kept")).files[0].modifiedAt, "1970-01-01T00:00:07.000Z");
  },
);

inFolder("unchanged files get their kept times without being rewritten", async (root) => {
  const registry = await openRegistry("memory:");
  const to = join(root, "../copy");
  for (const path of ["a", "sub/b"]) write(root, path);
  for (const path of ["a", "sub/b"]) utimesSync(join(root, path), 9.5, 9.5);
  await registry.save("kept", localPath(root, TIMES));
  await registry.download("kept", { to });
  const inode = statSync(join(to, "a")).ino;
  utimesSync(join(to, "a"), 1, 1);
  const changes = [{ path: "a", change: "time" as const }];
  const tried = await registry.download("kept", { to, dryRun: true });
  assertEquals([tried.changes, modifiedAt(to, "a")], [changes, 1000]);
  const done = await registry.download("kept", { to });
  assertEquals([done.changes, done.left, done.written], [changes, 3, 0]);
  assertEquals([modifiedAt(to, "a"), modifiedAt(to, "sub/b")], [9500, 9500]);
  assertEquals(statSync(join(to, "a")).ino, inode);
  assertEquals((await registry.download("kept", { to })).changes, []);
  await registry.save("one", localPath(join(root, "a"), TIMES));
  const file = join(root, "../file");
  await registry.download("one", { to: file });
  utimesSync(file, 1, 1);
  await registry.download("one", { to: file });
  assertEquals(Math.round(statSync(file).mtimeMs), 9500);
  await registry.save("plain", localPath(root));
  utimesSync(join(to, "a"), 1, 1);
  assertEquals((await registry.download("plain", { to })).changes, [], "without kept times");
});

inFolder("links and folders have their times back, a folder when all is in it", async (root) => {
  const registry = await openRegistry("memory:");
  const to = join(root, "../copy");
  for (const path of ["full/a", "full/deep/large", "next/b"]) {
    write(root, path, new Uint8Array(2_000_000));
  }
  mkdirSync(join(root, "empty"));
  symlinkSync("full/a", join(root, "link"));
  symlinkSync("nowhere", join(root, "full/broken"));
  const aged = ["full", "full/deep", "next", "empty", "link", "full/broken"];
  aged.forEach((path, i) => lutimesSync(join(root, path), i + 1.5, i + 1.5));
  const times = (root: string) =>
    aged.map((path) => Math.round(lstatSync(join(root, path)).mtimeMs));
  await registry.save("kept", localPath(root, TIMES));
  const { files } = await registry.info("kept");
  const folders = files.filter(({ mode }) => mode === "folder").map(({ path }) => path);
  assertEquals(folders, ["empty", "full", "full/deep", "next"]);
  await registry.download("kept", { to });
  assertEquals(times(to), times(root));
  assert((await registry.save("kept", localPath(to, TIMES), { skipIfUnchanged: true })).skipped);

  rmSync(join(to, "full/deep/large"));
  write(to, "next/more");
  lutimesSync(join(to, "link"), 99, 99);
  const done = await registry.download("kept", { to, delete: true });
  assertEquals(times(to), times(root), "also where something was put in or removed");
  assertEquals(done.changes.map(({ path, change }) => `${change} ${path}`), [
    "add full/deep/large",
    "remove next/more",
    "time full/deep",
    "time link",
    "time next",
  ]);
  assertEquals((await registry.download("kept", { to })).changes, []);

  await registry.save("plain", localPath(root));
  const { same } = await diffVersions(registry, { before: "kept", after: "plain@1" });
  assertEquals(same, true, "a folder that only has a time makes no difference");
});

inFolder("times before 1970 are kept, on links to the second", async (root) => {
  const registry = await openRegistry("memory:");
  const to = join(root, "../copy");
  const paths = { "1969-12-31T23:59:58.500Z": "sub/a", "1931-05-04T03:02:01.009Z": "b" };
  for (const [time, path] of Object.entries(paths)) {
    write(root, path);
    utimesSync(join(root, path), new Date(time), new Date(time));
  }
  execFileSync("touch", ["-hd", "1950-01-01T00:00:00.250Z", "sub"], { cwd: root });
  symlinkSync("b", join(root, "link"));
  execFileSync("touch", ["-hd", "1950-01-01T00:00:00.250Z", "link"], { cwd: root });
  await registry.save("kept", localPath(root, TIMES));
  await registry.download("kept", { to });
  for (const path of ["sub/a", "b", "sub"]) {
    assertEquals(modifiedAt(to, path), modifiedAt(root, path), path);
  }
  assertEquals(lstatSync(join(to, "link")).mtimeMs, Date.UTC(1950, 0, 1));
  assertEquals((await registry.download("kept", { to })).changes, []);
});

inFolder("an error about a time names the file", async (root) => {
  write(root, "a");
  const stats = Object.assign(lstatSync(join(root, "a")), { mtimeMs: 9e15 }); // XFS has such times
  const error = await fails("Invalid", () => factsOf(join(root, "a"), stats, TIMES));
  assertStringIncludes(error.message, join(root, "a"));
  assertEquals(factsOf(join(root, "a"), stats, {}), {});
});

inFolder("a folder in several parts of a draft has the last of their times", async (root) => {
  const registry = await openRegistry("memory:");
  const draft = await registry.openDraft("drafted", { id: "d" });
  for (const [part, seconds] of [["one", 9], ["two", 5]] as const) {
    write(root, `${part}/sub/${part}`);
    utimesSync(join(root, part, "sub"), seconds, seconds);
    await draft.addPart(part, localPath(join(root, part), TIMES));
  }
  await draft.commit();
  const { files } = await registry.info("drafted");
  assertEquals(files.map(({ path }) => path), ["sub", "sub/one", "sub/two"]);
  assertEquals(files[0].modifiedAt, "1970-01-01T00:00:09.000Z");
});

inFolder("times survive copies, saves and drafts", async (root) => {
  const registry = await openRegistry("memory:");
  write(root, "a");
  write(root, "large", new Uint8Array(300_000));
  for (const path of ["a", "large"]) utimesSync(join(root, path), 9, 9);
  const { digest } = await registry.save("one", localPath(root, TIMES));
  await registry.copy("one", "copied");
  await registry.save("again", await registry.load("one", { as: folder() }));
  const draft = await registry.openDraft("drafted", { id: "d" });
  await draft.addPart("all", localPath(root, TIMES));
  await draft.commit();
  for (const name of ["one", "copied", "again", "drafted"]) {
    const info = await registry.info(name);
    const times = info.files.map(({ modifiedAt }) => modifiedAt);
    assertEquals(times, Array(2).fill("1970-01-01T00:00:09.000Z"), name);
    assertEquals(info.digest, digest, name);
  }
  assert((await verifyRegistry(registry)).ok);
});

inFolder("a single file has a time; an invalid time or option is Invalid", async (root) => {
  write(root, "a");
  utimesSync(join(root, "a"), 3, 3);
  assertEquals((await save(join(root, "a"), TIMES))[0].modifiedAt, "1970-01-01T00:00:03.000Z");
  await fails("Invalid", () => localPath(root, { preserve: ["owner"] as unknown as ["times"] }));
  const registry = await openRegistry("memory:");
  for (const modifiedAt of ["yesterday", "2025-01-01", "2025-01-01T00:00:00Z"]) {
    const files = [{ path: "a", content: new Uint8Array(0), modifiedAt }];
    const materializer = { ...folder(), save: () => files };
    await fails("Invalid", () => registry.save("a", null, { as: materializer }));
  }
});
