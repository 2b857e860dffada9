import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync } from "node:fs";
import { createServer } from "node:net";
import { basename, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { sha256 } from "../../core/bytes/digest.ts";
import { openRegistry } from "../../mod.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import {
  createMaterializers,
  file,
  folder,
  type LeftOut,
  LocalPath,
  localPath,
  StoredPath,
} from "../../materializers/mod.ts";
import { fails, fakeArtifact, savedBy } from "./fake_artifact.ts";
import { inFolder, listed, save, write } from "./in_folder.ts";
import { IS_QUICK } from "../support/seeds.ts";

const isRoot = process.getuid?.() === 0;

inFolder(
  "a file is saved under its own name, with its bytes and its executable bit",
  async (root) => {
    write(root, "a b.bin", Uint8Array.of(0, 255));
    write(root, "run.sh", "echo");
    chmodSync(join(root, "run.sh"), 0o755);
    assertEquals(await save(join(root, "a b.bin")), [{
      path: "a b.bin",
      content: Uint8Array.of(0, 255),
    }]);
    assertEquals(await listed(join(root, "run.sh")), ["run.sh executable echo"]);
    const set = createMaterializers();
    assertEquals(set.forValue(localPath(join(root, "run.sh"))).id, "file");
    assertEquals(set.forValue(localPath(pathToFileURL(root))).id, "folder");
  },
);

inFolder("files without a size are read to their end", async (root) => {
  write(root, "empty", "");
  for (const name of ["version", "kallsyms"]) symlinkSync(`/proc/${name}`, join(root, name));
  const registry = await openRegistry("memory:");
  await registry.save("alone", localPath("/proc/version"));
  await registry.save("folder", localPath(root, { links: "follow" }));
  const saved = [
    (await registry.open("alone")).file("version"),
    ...(await registry.open("folder")).files(),
  ];
  for (const file of saved) {
    const { path } = file.info;
    const right = path === "empty" ? new Uint8Array() : readFileSync(`/proc/${path}`);
    assertEquals(sha256(await file.bytes()), sha256(right), path);
  }
}, { ignore: process.platform !== "linux" || IS_QUICK });

inFolder(
  "a folder is saved whole, ordered by the bytes of paths, with empty folders",
  async (root) => {
    const paths = ["a/b", "a-b", "a.b", "a/b0/c", "Z", "é", "😀", "\uffee", "z/y/x/w", ".hidden"];
    for (const path of paths) write(root, path);
    mkdirSync(join(root, "a0"));
    mkdirSync(join(root, "z/empty"));
    chmodSync(join(root, "Z"), 0o711);
    const files = await save(root);
    const expected = [...paths, "a0", "z/empty"].sort(compareUtf8);
    assertEquals(files.map(({ path }) => path), expected);
    const modes = files.filter(({ mode }) => mode !== undefined).map(({ path, mode }) =>
      `${path} ${mode}`
    );
    assertEquals(modes, ["Z executable", "a0 folder", "z/empty folder"]);
    for (const { path, content, mode } of files) {
      assertEquals(new TextDecoder().decode(content), mode === "folder" ? "" : path);
    }
  },
);

inFolder("an empty folder is saved as nothing but that", async (root) => {
  assertEquals(await save(root), []);
});

inFolder("the same folder gives the same digest, whenever and wherever it lies", async (root) => {
  for (const copy of ["one", "elsewhere/two"]) {
    for (const path of ["x", "y/z"]) write(root, `${copy}/${path}`, path);
  }
  utimesSync(join(root, "one/x"), 1, 1);
  const digest = async (path: string) =>
    (await savedBy<unknown>(folder(), localPath(join(root, path)))).info.digest;
  const before = await digest("one");
  assertEquals(await digest("elsewhere/two"), before);
  chmodSync(join(root, "one/x"), 0o700);
  assert(await digest("one") !== before);
});

inFolder("a path that is itself a link is refused, and the hint names its target", async (root) => {
  write(root, "real/a");
  symlinkSync("real", join(root, "folder"));
  symlinkSync("real/a", join(root, "file"));
  for (const [name, target] of [["folder", "real"], ["file", "real/a"]]) {
    const error = await fails("Unsupported", () => save(join(root, name), { links: "keep" }));
    assertStringIncludes(error.hint!, target);
  }
  symlinkSync("gone", join(root, "dangling"));
  await fails("NotFound", () => save(join(root, "dangling")));
});

inFolder("a path through a linked folder is read where it leads", async (root) => {
  write(root, "real/sub/a", "text");
  symlinkSync("real", join(root, "link"));
  assertEquals(await listed(join(root, "link/sub")), ["a - text"]);
  assertEquals(await listed(join(root, "link/sub/a")), ["a - text"]);
});

inFolder("pipes are left out, and never opened", async (root) => {
  write(root, "a");
  mkdirSync(join(root, "sub"));
  execFileSync("mkfifo", [join(root, "sub/pipe")]);
  const leftOut: LeftOut[] = [];
  assertEquals(await listed(root, { onLeftOut: (entry) => leftOut.push(entry) }), [
    "a - a",
    "sub folder ",
  ]);
  assertEquals(leftOut, [{ path: "sub/pipe", reason: "special" }]);
  await fails("Unsupported", () => save(join(root, "sub/pipe")));
});

inFolder("sockets are left out", async (root) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(root, "socket"), resolve));
  try {
    assertEquals(await listed(root), []);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

Deno.test("a device is refused", async () => {
  await fails("Unsupported", () => save("/dev/null"));
});

inFolder("names that are not UTF-8 are refused, not mangled", async (root) => {
  execFileSync("sh", ["-c", `printf x > "$0/$(printf 'bad\\376')"`, root]);
  const error = await fails("Invalid", () => save(root));
  assertStringIncludes(error.message, "not UTF-8");
});

inFolder("names that other systems read otherwise are refused", async (root) => {
  for (const name of ["a\\b", "c:x"]) {
    write(root, name);
    await fails("Invalid", () => save(root));
    await fails("Invalid", () => save(join(root, name)));
    rmSync(join(root, name));
  }
});

inFolder("unprivileged: a file that may not be read is Denied", async (root) => {
  write(root, "secret");
  chmodSync(join(root, "secret"), 0);
  const error = await fails("Denied", () => save(root));
  assertEquals(error.hint, "Make it readable: check its owner and permissions.");
}, { ignore: isRoot }); // root may read everything

inFolder(
  "unprivileged: files and folders that may not be read are left out on request",
  async (root) => {
    for (const path of ["a", "secret", "shut/b", "listed/c"]) write(root, path);
    const modes: [string, number][] = [["secret", 0], ["shut", 0], ["listed", 0o600]];
    for (const [path, mode] of modes) chmodSync(join(root, path), mode);
    const leftOut: LeftOut[] = [];
    try {
      const onLeftOut = (entry: LeftOut) => void leftOut.push(entry);
      const saved = await listed(root, { unreadable: "skip", onLeftOut });
      assertEquals(saved, ["a - a", "listed folder "]);
    } finally {
      for (const path of ["shut", "listed"]) chmodSync(join(root, path), 0o700); // to be removed
    }
    const paths = leftOut.map(({ path }) => path).sort();
    assertEquals(paths, ["listed/c", "secret", "shut/"]);
    assert(leftOut.every(({ reason }) => reason === "unreadable"));
  },
  { ignore: isRoot },
);

Deno.test("a missing path is NotFound, an invalid one Invalid", async () => {
  await fails("NotFound", () => save("/no/such/file"));
  for (const path of ["", "a\0b", new URL("https://example.com/a")]) {
    await fails("Invalid", () => localPath(path));
  }
});

inFolder("a saved path loads as a StoredPath, to be written and saved again", async (root) => {
  for (const path of ["a", "sub/b"]) write(root, path);
  mkdirSync(join(root, "empty"));
  write(root, "large", new Uint8Array(100_000));
  const set = createMaterializers();
  for (const path of [root, join(root, "sub/b")]) {
    const value = localPath(path);
    const materializer = set.forValue(value);
    const artifact = await savedBy(materializer, value);
    const loaded = await materializer.load(artifact, {});
    assertInstanceOf(loaded, StoredPath);
    assertEquals(loaded.kind, materializer.id as never);
    assertEquals(loaded.name, loaded.kind === "file" ? "b" : "a:name");
    assertEquals(set.forValue(loaded), materializer);
    assertEquals(
      (await savedBy(materializer, loaded as unknown)).info.digest,
      artifact.info.digest,
    );
    const target = join(root, "..", `written-${loaded.kind}`);
    await loaded.writeTo(target);
    assertEquals(
      (await listed(target)).map((line) => line.replace(basename(target), "b")),
      await listed(path),
    );
    rmSync(target, { recursive: true });
  }
});

Deno.test("a stored path of no single file does not pretend to be one", async () => {
  const artifact = fakeArtifact([{ path: "a", content: "" }, { path: "b", content: "" }]);
  await fails("Unsupported", () => file().load(artifact, {}));
});

Deno.test("localPath() looks at nothing: it only names", () => {
  const value = localPath("/no/such/file", { links: "follow" });
  assertInstanceOf(value, LocalPath);
  assertEquals([value.path, value.options], ["/no/such/file", { links: "follow" }]);
});
