import { assert, assertEquals } from "@std/assert";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { iterableStream } from "../../core/bytes/bytes.ts";
import { RegistryError } from "../../core/errors.ts";
import { writeFiles } from "../../disk/write_files.ts";
import { fakeArtifact } from "../materializers/fake_artifact.ts";
import { artifactOf, inFolder, refused, tree } from "./folder_case.ts";
import { tempRoot } from "../support/temp_root.ts";

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

inFolder(
  "a folder is written whole: files, empty folders, links and the executable bit",
  async (root) => {
    const artifact = artifactOf({ ...SAMPLE, "run -> executable": "x" });
    const heard: string[] = [];
    const written = await writeFiles(artifact, join(root, "new/out"), {
      onFile({ path }) {
        heard.push(path);
        assert(
          !existsSync(join(root, "new/out")),
          "half-written, where an interruption would leave it",
        );
      },
    });
    const { changes, ...counts } = written;
    const all = {
      files: 6,
      size: artifact.info.size,
      left: 0,
      written: 6,
      deleted: 0,
      leftOut: [],
    };
    assertEquals(counts, { path: join(root, "new/out"), ...all });
    assertEquals(changes, artifact.files().map(({ info: { path } }) => ({ path, change: "add" })));
    assertEquals(tree(join(root, "new/out")), [
      ...WRITTEN.slice(0, 3),
      "run: x",
      ...WRITTEN.slice(3),
    ]);
    assertEquals(heard.sort(), artifact.files().map(({ info }) => info.path).sort());
    assert((lstatSync(join(root, "new/out/run")).mode & 0o100) !== 0);
    assert((lstatSync(join(root, "new/out/a")).mode & 0o111) === 0);
  },
);

inFolder("an empty folder that exists is filled, and stays the same folder", async (root) => {
  mkdirSync(join(root, "out"), { mode: 0o700 });
  const before = lstatSync(join(root, "out")).ino;
  await writeFiles(artifactOf(SAMPLE), join(root, "out/"));
  assertEquals(tree(join(root, "out")), WRITTEN);
  assertEquals(lstatSync(join(root, "out")).ino, before);
});
inFolder("overwriting replaces files of the same path and leaves others", async (root) => {
  mkdirSync(join(root, "out/sub"), { recursive: true });
  for (const path of ["mine", "a", "sub/b", "sub/mine"]) {
    writeFileSync(join(root, "out", path), "old");
  }
  await writeFiles(artifactOf(SAMPLE), join(root, "out"), { overwrite: true });
  assertEquals(tree(join(root, "out")), [
    "a: 1",
    "link -> sub/b",
    "mine: old",
    "none/",
    "sub/",
    "sub/b: 2",
    "sub/deep/",
    "sub/deep/c: 3",
    "sub/mine: old",
  ]);
  await writeFiles(artifactOf(SAMPLE), join(root, "out"), { overwrite: true });
});

inFolder(
  "overwriting never puts a file in the place of a folder, nor a folder in that of a file",
  async (root) => {
    mkdirSync(join(root, "one/a"), { recursive: true });
    mkdirSync(join(root, "two"));
    writeFileSync(join(root, "two/sub"), "mine");
    for (const name of ["one", "two"]) {
      await refused("AlreadyExists", artifactOf(SAMPLE), join(root, name), { overwrite: true });
    }
    assert(lstatSync(join(root, "one/a")).isDirectory());
    assertEquals(readFileSync(join(root, "two/sub"), "utf8"), "mine");
  },
);

inFolder("nothing is written through a link that is in the target", async (root) => {
  mkdirSync(join(root, "outside"));
  mkdirSync(join(root, "out"));
  writeFileSync(join(root, "outside/a"), "mine");
  symlinkSync("../outside", join(root, "out/sub"));
  await refused("AlreadyExists", artifactOf({ "sub/b": "2" }), join(root, "out"), {
    overwrite: true,
  });
  symlinkSync("../outside/a", join(root, "out/a"));
  await writeFiles(artifactOf({ a: "1" }), join(root, "out"), { overwrite: true });
  assertEquals(tree(join(root, "outside")), ["a: mine"]);
  assertEquals(tree(join(root, "out")), ["a: 1", "sub -> ../outside"]);
});

inFolder(
  "a target that is a link to a folder is filled where it leads; a dangling one is AlreadyExists",
  async (root) => {
    mkdirSync(join(root, "real"));
    symlinkSync("real", join(root, "link"));
    symlinkSync("gone", join(root, "dangling"));
    const { path } = await writeFiles(artifactOf(SAMPLE), join(root, "link"));
    assertEquals(path, realpathSync(join(root, "real")));
    assertEquals(tree(join(root, "real")), WRITTEN);
    await refused("AlreadyExists", artifactOf(SAMPLE), join(root, "dangling"), { overwrite: true });
  },
);

inFolder(
  "times are not set through a link that took the place of a folder meanwhile",
  async (root) => {
    const modifiedAt = "2001-01-01T00:00:00.000Z";
    const files = [{ path: "a/f", content: "f", modifiedAt }, { path: "z", content: "z" }];
    await writeFiles(fakeArtifact(files), join(root, "out"));
    for (const folder of ["out/a", "elsewhere"]) {
      mkdirSync(join(root, folder), { recursive: true });
      writeFileSync(join(root, folder, "f"), "f");
      utimesSync(join(root, folder, "f"), 7, 7);
    }
    rmSync(join(root, "out/z"));
    const onFile = () => {
      rmSync(join(root, "out/a"), { recursive: true });
      symlinkSync("../elsewhere", join(root, "out/a"));
    };
    const error = await refused("AlreadyExists", fakeArtifact(files), join(root, "out"), {
      onFile,
    });
    assert(error.message.includes("it is a symbolic link"), error.message);
    assertEquals(lstatSync(join(root, "elsewhere/f")).mtimeMs, 7000);
  },
);

inFolder("a single file becomes the target, or goes into it under its own name", async (root) => {
  const file = artifactOf({ "model.bin": "x" }, "file");
  mkdirSync(join(root, "folder"));
  const targets = [["plain", "plain"], ["folder", "folder/model.bin"], ["new/", "new/model.bin"], [
    "x/y/z",
    "x/y/z",
  ]];
  for (const [to, expected] of targets) {
    const { path, files, size } = await writeFiles(file, `${root}/${to}`);
    assertEquals([path, files, size], [join(root, expected), 1, 1]);
    assertEquals(readFileSync(path, "utf8"), "x");
  }
  await writeFiles(artifactOf({ "data.json": "{}" }, "json"), join(root, "value.json"));
  assertEquals(readFileSync(join(root, "value.json"), "utf8"), "{}");
});
inFolder("a file that exists is AlreadyExists unless it may be overwritten", async (root) => {
  const file = artifactOf({ f: "new" }, "file");
  writeFileSync(join(root, "f"), "old");
  symlinkSync("f", join(root, "link"));
  for (const to of [root, join(root, "f"), join(root, "link")]) {
    await refused("AlreadyExists", file, to);
    assertEquals(readFileSync(join(root, "f"), "utf8"), "old");
  }
  await writeFiles(file, join(root, "link"), { overwrite: true });
  assertEquals(tree(root), ["f: old", "link: new"]);
  await writeFiles(file, join(root, "f"), { overwrite: true });
  assertEquals(tree(root), ["f: new", "link: new"]);
  mkdirSync(join(root, "f2/f"), { recursive: true });
  await refused("AlreadyExists", file, join(root, "f2"), { overwrite: true });
  await refused("AlreadyExists", artifactOf(SAMPLE), join(root, "f"), { overwrite: true });
});

inFolder("hostile paths are Invalid, and nothing at all is written", async (root) => {
  const hostile: Record<string, string>[] = [
    { "../x": "" },
    { "/x": "" },
    { "a/../../x": "" },
    { "a//b": "" },
    { "a\\..\\..\\x": "" },
    { "c:/x": "" },
    { "a\0": "" },
    { ".": "" },
    { "": "" },
    { "l -> link": "ok", "l/x": "" },
    { "f": "", "f/x": "" },
    { "f -> folder": "", "f/x/../..": "" },
  ];
  for (const files of hostile) {
    await refused("Invalid", artifactOf(files), join(root, "out"));
    assertEquals(readdirSync(root), []);
  }
  const twice = fakeArtifact([{ path: "a", content: "1" }, { path: "a", content: "2" }]);
  await refused("Invalid", twice, join(root, "out"));
});

inFolder(
  "a link that leads outside is not written but told, and everything else is",
  async (root) => {
    const outside = {
      abs: "/etc/passwd",
      up: "../x",
      "sub/up": "../../x",
      around: "sub/../../x",
      empty: "",
      nul: "a\0b",
    };
    const links = Object.fromEntries(
      Object.entries(outside).map(([path, target]) => [`${path} -> link`, target]),
    );
    const artifact = artifactOf({
      "sub/a": "1",
      "in -> link": "sub/a",
      "sub/in -> link": "../sub",
      ...links,
    });
    mkdirSync(join(root, "old"));
    for (const to of ["new", "old"]) {
      const { files, leftOut } = await writeFiles(artifact, join(root, to));
      assertEquals(
        leftOut,
        Object.entries(outside).map(([path, target]) => ({ path, reason: "outside link", target })),
      );
      assertEquals(files, 3);
      assertEquals(tree(join(root, to)), ["in -> sub/a", "sub/", "sub/a: 1", "sub/in -> ../sub"]);
    }
    const { leftOut } = await writeFiles(artifact, join(root, "all"), { links: "unsafe" });
    assertEquals(leftOut.map(({ path }) => path), ["empty", "nul"], "no system has such links");
    assertEquals(readlinkSync(join(root, "all/sub/up")), "../../x");
    assertEquals(
      (await writeFiles(artifact, join(root, "none"), { links: "skip" })).leftOut.length,
      8,
    );
    assertEquals(tree(join(root, "none")), ["sub/", "sub/a: 1"]);
    await refused("Invalid", artifact, join(root, "odd"), { links: "all" as "safe" });
  },
);

inFolder(
  "no file is written through links of the version, whatever they lead to and however they are chained",
  async (root) => {
    const chains: Record<string, string>[] = [
      { "a -> link": "b", "b -> link": "..", "a/x": "evil" },
      { "b -> link": "..", "b/x": "evil" },
      { "a -> link": "..", "a/b/x": "evil" },
      { "a/b -> link": "../..", "a/b/x": "evil" },
    ];
    mkdirSync(join(root, "old"));
    for (const links of ["safe", "unsafe"] as const) {
      for (const files of chains) {
        for (const to of ["new", "old"]) {
          await refused("Invalid", artifactOf(files), join(root, to), { links, overwrite: true });
        }
      }
      // Of two versions, the first leaves the link, the second has a folder in its place.
      const to = join(root, `two-${links}`);
      await writeFiles(artifactOf({ "a -> link": "b", "b -> link": ".." }), to, { links });
      const second = artifactOf({ "b/x": "evil" });
      if (links === "safe") await writeFiles(second, to, { overwrite: true });
      else await refused("AlreadyExists", second, to, { overwrite: true });
      assertEquals(existsSync(join(root, "x")), false);
      rmSync(to, { recursive: true }); // Node lists folders behind links too, and these lead back for ever
    }
  },
);

inFolder(
  "a file that fails half way leaves nothing, in a new folder and in an old one",
  async (root) => {
    const artifact = artifactOf({ a: "1", b: new Uint8Array(2_000_000) });
    artifact.files()[1].stream = () =>
      iterableStream((async function* () {
        yield new Uint8Array(1_000_000);
        await Promise.resolve();
        throw new RegistryError({
          code: "Corrupt",
          message: 'Cannot read "b": its SHA-256 does not match',
        });
      })());
    mkdirSync(join(root, "old"));
    for (const to of ["new", "old"]) {
      await refused("Corrupt", artifact, join(root, to));
    }
    assertEquals(tree(root), ["old/"]);
    artifact.files()[0].bytes = () => Promise.reject(new TypeError("not ours"));
    let caught: unknown;
    await writeFiles(artifact, join(root, "new")).catch((error) => caught = error);
    assert(caught instanceof TypeError);
  },
);

inFolder("an abort ends the writing with its reason and leaves nothing", async (root) => {
  const artifact = artifactOf({
    a: "1",
    b: new Uint8Array(2_000_000),
    c: new Uint8Array(2_000_000),
  });
  const reason = new Error("enough");
  for (const last of ["a", "b", "c"]) {
    const controller = new AbortController();
    let caught: unknown;
    const onFile = ({ path }: { path: string }) => path === last && controller.abort(reason);
    await writeFiles(artifact, join(root, "out"), { signal: controller.signal, onFile }).catch((
      error,
    ) => caught = error);
    assertEquals(caught, reason);
    assertEquals(readdirSync(root), []);
  }
});

inFolder("large files and many small ones are written with all their bytes", async (root) => {
  const files: Record<string, Uint8Array> = {
    large: Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 251),
  };
  for (let i = 0; i < 100; i++) files[`many/${i % 7}/${i}`] = Uint8Array.of(i);
  await writeFiles(artifactOf(files as never), join(root, "out"));
  for (const [path, content] of Object.entries(files)) {
    assertEquals(new Uint8Array(readFileSync(join(root, "out", path))), content, path);
  }
});

Deno.test({
  name: "a folder that may not be written is Denied",
  ignore: process.getuid?.() === 0, // root may write everything
  async fn() {
    const root = await tempRoot();
    try {
      chmodSync(root.path, 0o500);
      await refused("Denied", artifactOf(SAMPLE), root.join("out"));
      assert(!existsSync(root.join("out")));
    } finally {
      chmodSync(root.path, 0o700);
      await root.remove();
    }
  },
});

inFolder(
  "files get what the umask leaves them, and may run where they may be read",
  async (root) => {
    const artifact = artifactOf({ plain: "x", "run -> executable": "y" });
    const before = process.umask(0o027);
    try {
      await writeFiles(artifact, join(root, "out"), {});
    } finally {
      process.umask(before);
    }
    const modes = ["plain", "run"].map((name) =>
      (statSync(join(root, "out", name)).mode & 0o777).toString(8)
    );
    assertEquals(modes, process.platform === "win32" ? modes : ["640", "750"]);
  },
);
