import { assert, assertEquals } from "@std/assert";
import fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { iterableStream } from "../../core/bytes/bytes.ts";
import { RegistryError } from "../../core/errors.ts";
import { writeFiles } from "../../disk/write_files.ts";
import { fakeArtifact } from "../materializers/fake_artifact.ts";
import { artifactOf, inFolder, refused, tree } from "./folder_case.ts";
import { testInRoot } from "../support/temp_root.ts";
import { IS_QUICK } from "../support/seeds.ts";

const SAMPLE = {
  "a": "1",
  "sub/b": "2",
  "sub/deep/c": "3",
  "none -> folder": "",
  "link -> link": "sub/b",
};
const WRITTEN = [
  "a: 1",
  "link -> sub/b",
  "none/",
  "sub/",
  "sub/b: 2",
  "sub/deep/",
  "sub/deep/c: 3",
];

inFolder("files, empty folders, links and the executable bit are written", async (root) => {
  const artifact = artifactOf({ ...SAMPLE, "run -> executable": "x" });
  const paths: string[] = [];
  const to = join(root, "new/out");
  const { changes, ...counts } = await writeFiles(artifact, to, {
    onFile({ path }) {
      paths.push(path);
      assert(!fs.existsSync(to), "incomplete, and visible");
    },
  });
  const { size } = artifact.info;
  const all = { files: 6, size, left: 0, written: 6, deleted: 0, moreChanges: 0, leftOut: [] };
  assertEquals(counts, { path: to, ...all });
  assertEquals(changes, artifact.files().map(({ info: { path } }) => ({ path, change: "add" })));
  assertEquals(tree(to), [...WRITTEN.slice(0, 3), "run: x", ...WRITTEN.slice(3)]);
  assertEquals(paths.sort(), artifact.files().map(({ info }) => info.path).sort());
  assert((fs.lstatSync(join(to, "run")).mode & 0o100) !== 0);
  assert((fs.lstatSync(join(to, "a")).mode & 0o111) === 0);
});

inFolder("an existing empty folder stays the same folder", async (root) => {
  fs.mkdirSync(join(root, "out"), { mode: 0o700 });
  const before = fs.lstatSync(join(root, "out")).ino;
  await writeFiles(artifactOf(SAMPLE), join(root, "out/"));
  assertEquals(tree(join(root, "out")), WRITTEN);
  assertEquals(fs.lstatSync(join(root, "out")).ino, before);
});

inFolder("overwriting replaces files of the same path, and keeps others", async (root) => {
  const to = join(root, "out");
  fs.mkdirSync(join(to, "sub"), { recursive: true });
  for (const path of ["mine", "a", "sub/b", "sub/mine"]) fs.writeFileSync(join(to, path), "old");
  await writeFiles(artifactOf(SAMPLE), to, { overwrite: true });
  assertEquals(tree(to), [...WRITTEN, "mine: old", "sub/mine: old"].sort());
  await writeFiles(artifactOf(SAMPLE), to, { overwrite: true });
});

inFolder("overwriting exchanges no files and folders", async (root) => {
  fs.mkdirSync(join(root, "one/a"), { recursive: true });
  fs.mkdirSync(join(root, "two"));
  fs.writeFileSync(join(root, "two/sub"), "mine");
  for (const name of ["one", "two"]) {
    await refused("AlreadyExists", artifactOf(SAMPLE), join(root, name), { overwrite: true });
  }
  assert(fs.lstatSync(join(root, "one/a")).isDirectory());
  assertEquals(fs.readFileSync(join(root, "two/sub"), "utf8"), "mine");
});

inFolder("nothing is written through a link in the target", async (root) => {
  fs.mkdirSync(join(root, "outside"));
  fs.mkdirSync(join(root, "out"));
  fs.writeFileSync(join(root, "outside/a"), "mine");
  fs.symlinkSync("../outside", join(root, "out/sub"));
  const artifact = artifactOf({ "sub/b": "2" });
  await refused("AlreadyExists", artifact, join(root, "out"), { overwrite: true });
  fs.symlinkSync("../outside/a", join(root, "out/a"));
  await writeFiles(artifactOf({ a: "1" }), join(root, "out"), { overwrite: true });
  assertEquals(tree(join(root, "outside")), ["a: mine"]);
  assertEquals(tree(join(root, "out")), ["a: 1", "sub -> ../outside"]);
});

inFolder("a target may be a link to a folder, but not a broken one", async (root) => {
  fs.mkdirSync(join(root, "real"));
  fs.symlinkSync("real", join(root, "link"));
  fs.symlinkSync("gone", join(root, "dangling"));
  const { path } = await writeFiles(artifactOf(SAMPLE), join(root, "link"));
  assertEquals(path, fs.realpathSync(join(root, "real")));
  assertEquals(tree(join(root, "real")), WRITTEN);
  await refused("AlreadyExists", artifactOf(SAMPLE), join(root, "dangling"), { overwrite: true });
});

inFolder("times are never set through a link that replaced a folder", async (root) => {
  const modifiedAt = "2001-01-01T00:00:00.000Z";
  const files = [{ path: "a/f", content: "f", modifiedAt }, { path: "z", content: "z" }];
  await writeFiles(fakeArtifact(files), join(root, "out"));
  for (const folder of ["out/a", "elsewhere"]) {
    fs.mkdirSync(join(root, folder), { recursive: true });
    fs.writeFileSync(join(root, folder, "f"), "f");
    fs.utimesSync(join(root, folder, "f"), 7, 7);
  }
  fs.rmSync(join(root, "out/z"));
  const onFile = () => {
    fs.rmSync(join(root, "out/a"), { recursive: true });
    fs.symlinkSync("../elsewhere", join(root, "out/a"));
  };
  const error = await refused("AlreadyExists", fakeArtifact(files), join(root, "out"), { onFile });
  assert(error.message.includes("it is a symbolic link"), error.message);
  assertEquals(fs.lstatSync(join(root, "elsewhere/f")).mtimeMs, 7000);
});

inFolder("a single file becomes the target, or a file in it", async (root) => {
  const file = artifactOf({ "model.bin": "x" }, "file");
  fs.mkdirSync(join(root, "folder"));
  const targets = {
    plain: "plain",
    folder: "folder/model.bin",
    "new/": "new/model.bin",
    "x/y/z": "x/y/z",
  };
  for (const [to, expected] of Object.entries(targets)) {
    const { path, files, size } = await writeFiles(file, `${root}/${to}`);
    assertEquals([path, files, size], [join(root, expected), 1, 1]);
    assertEquals(fs.readFileSync(path, "utf8"), "x");
  }
  await writeFiles(artifactOf({ "data.json": "{}" }, "json"), join(root, "value.json"));
  assertEquals(fs.readFileSync(join(root, "value.json"), "utf8"), "{}");
});

inFolder("an existing file is AlreadyExists unless overwritten", async (root) => {
  const file = artifactOf({ f: "new" }, "file");
  fs.writeFileSync(join(root, "f"), "old");
  fs.symlinkSync("f", join(root, "link"));
  for (const to of [root, join(root, "f"), join(root, "link")]) {
    await refused("AlreadyExists", file, to);
    assertEquals(fs.readFileSync(join(root, "f"), "utf8"), "old");
  }
  await writeFiles(file, join(root, "link"), { overwrite: true });
  assertEquals(tree(root), ["f: old", "link: new"]);
  await writeFiles(file, join(root, "f"), { overwrite: true });
  assertEquals(tree(root), ["f: new", "link: new"]);
  fs.mkdirSync(join(root, "f2/f"), { recursive: true });
  await refused("AlreadyExists", file, join(root, "f2"), { overwrite: true });
  await refused("AlreadyExists", artifactOf(SAMPLE), join(root, "f"), { overwrite: true });
});

inFolder("hostile paths are Invalid, and nothing is written", async (root) => {
  const paths = ["../x", "/x", "a/../../x", "a//b", "a\\..\\..\\x", "c:/x", "a\0", ".", ""];
  const hostile: Record<string, string>[] = [
    ...paths.map((path) => ({ [path]: "" })),
    { "l -> link": "ok", "l/x": "" },
    { "f": "", "f/x": "" },
    { "f -> folder": "", "f/x/../..": "" },
  ];
  for (const files of hostile) {
    await refused("Invalid", artifactOf(files), join(root, "out"));
    assertEquals(fs.readdirSync(root), []);
  }
  const twice = fakeArtifact([{ path: "a", content: "1" }, { path: "a", content: "2" }]);
  await refused("Invalid", twice, join(root, "out"));
});

inFolder("links that lead outside are left out", async (root) => {
  const outside = {
    abs: "/etc/passwd",
    up: "../x",
    "sub/up": "../../x",
    around: "sub/../../x",
    empty: "",
    nul: "a\0b",
  };
  const entries = Object.entries(outside);
  const links = Object.fromEntries(entries.map(([path, target]) => [`${path} -> link`, target]));
  const inside = { "in -> link": "sub/a", "sub/in -> link": "../sub" };
  const artifact = artifactOf({ "sub/a": "1", ...inside, ...links });
  fs.mkdirSync(join(root, "old"));
  for (const to of ["new", "old"]) {
    const { files, leftOut } = await writeFiles(artifact, join(root, to));
    const reason = "outside link";
    assertEquals(leftOut, entries.map(([path, target]) => ({ path, reason, target })));
    assertEquals(files, 3);
    assertEquals(tree(join(root, to)), ["in -> sub/a", "sub/", "sub/a: 1", "sub/in -> ../sub"]);
  }
  const { leftOut } = await writeFiles(artifact, join(root, "all"), { links: "unsafe" });
  assertEquals(leftOut.map(({ path }) => path), ["empty", "nul"], "no system has such links");
  assertEquals(fs.readlinkSync(join(root, "all/sub/up")), "../../x");
  const none = await writeFiles(artifact, join(root, "none"), { links: "skip" });
  assertEquals(none.leftOut.length, 8);
  assertEquals(tree(join(root, "none")), ["sub/", "sub/a: 1"]);
  await refused("Invalid", artifact, join(root, "odd"), { links: "all" as "safe" });
});

inFolder("no file is written through links of the version", async (root) => {
  const chains: Record<string, string>[] = [
    { "a -> link": "b", "b -> link": "..", "a/x": "evil" },
    { "b -> link": "..", "b/x": "evil" },
    { "a -> link": "..", "a/b/x": "evil" },
    { "a/b -> link": "../..", "a/b/x": "evil" },
  ];
  fs.mkdirSync(join(root, "old"));
  for (const links of ["safe", "unsafe"] as const) {
    for (const files of chains) {
      for (const to of ["new", "old"]) {
        await refused("Invalid", artifactOf(files), join(root, to), { links, overwrite: true });
      }
    }
    // The first version leaves a link, the second has a folder in its place.
    const to = join(root, `two-${links}`);
    await writeFiles(artifactOf({ "a -> link": "b", "b -> link": ".." }), to, { links });
    const second = artifactOf({ "b/x": "evil" });
    if (links === "safe") await writeFiles(second, to, { overwrite: true });
    else await refused("AlreadyExists", second, to, { overwrite: true });
    assertEquals(fs.existsSync(join(root, "x")), false);
    fs.rmSync(to, { recursive: true }); // Node follows links, and these lead back
  }
});

inFolder("a failure during a file leaves nothing", async (root) => {
  const artifact = artifactOf({ a: "1", b: new Uint8Array(2_000_000) });
  artifact.files()[1].stream = () =>
    iterableStream((async function* () {
      yield new Uint8Array(1_000_000);
      await Promise.resolve();
      const message = 'Cannot read "b": its SHA-256 does not match';
      throw new RegistryError({ code: "Corrupt", message });
    })());
  fs.mkdirSync(join(root, "old"));
  for (const to of ["new", "old"]) await refused("Corrupt", artifact, join(root, to));
  assertEquals(tree(root), ["old/"]);
  artifact.files()[0].bytes = () => Promise.reject(new TypeError("not ours"));
  let caught: unknown;
  await writeFiles(artifact, join(root, "new")).catch((error) => caught = error);
  assert(caught instanceof TypeError);
});

inFolder("an abort rejects with its reason, and the next download resumes", async (root) => {
  const content = new Uint8Array(2_000_000);
  const artifact = artifactOf({ a: "1", b: content, c: content });
  const reason = new Error("enough");
  for (const last of ["a", "b", "c"]) {
    const controller = new AbortController();
    let caught: unknown;
    const onFile = ({ path }: { path: string }) => path === last && controller.abort(reason);
    const options = { signal: controller.signal, onFile };
    await writeFiles(artifact, join(root, "out"), options).catch((error) => caught = error);
    assertEquals(caught, reason);
    assertEquals(fs.readdirSync(root).filter((name) => !name.startsWith(".holdfast-")), []);
    let there = 0;
    const onThere = (_: unknown, bytes: number) => void (there += bytes);
    await writeFiles(artifact, join(root, "out"), { onThere });
    assert(there > 0, `nothing was kept after ${last}`);
    assertEquals(fs.readdirSync(root), ["out"]);
    fs.rmSync(join(root, "out"), { recursive: true });
  }
});

inFolder("large files and many small ones are complete", async (root) => {
  const files: Record<string, Uint8Array> = {
    large: Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 251),
  };
  for (let i = 0; i < 100; i++) files[`many/${i % 7}/${i}`] = Uint8Array.of(i);
  await writeFiles(artifactOf(files as never), join(root, "out"));
  for (const [path, content] of Object.entries(files)) {
    assertEquals(new Uint8Array(fs.readFileSync(join(root, "out", path))), content, path);
  }
}, { ignore: IS_QUICK });

testInRoot("unprivileged: a read-only folder is Denied", async (root) => {
  fs.chmodSync(root.path, 0o500);
  try {
    await refused("Denied", artifactOf(SAMPLE), root.join("out"));
    assert(!fs.existsSync(root.join("out")));
  } finally {
    fs.chmodSync(root.path, 0o700);
  }
}, { ignore: process.getuid?.() === 0 }); // root may write everything

inFolder("files follow the umask, and executables are so for their readers", async (root) => {
  const artifact = artifactOf({ plain: "x", "run -> executable": "y" });
  const before = process.umask(0o027);
  try {
    await writeFiles(artifact, join(root, "out"), {});
  } finally {
    process.umask(before);
  }
  const modes = ["plain", "run"].map((name) =>
    (fs.statSync(join(root, "out", name)).mode & 0o777).toString(8)
  );
  assertEquals(modes, process.platform === "win32" ? modes : ["640", "750"]);
});
