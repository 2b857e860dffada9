// Every writer that replaces a file of another user keeps its owner, group and mode, and follows a
// link to it or replaces it as documented. CI runs this as root.
import { assert, assertEquals, assertRejects, assertThrows, fail } from "@std/assert";
import fs from "node:fs";
import { dirname, join } from "@std/path";
import { createLocalBackend } from "../backends/local.ts";
import { writeLocalFile } from "../backends/s3_configs/local_file.ts";
import { localPath, openRegistry } from "../mod.ts";
import { bytesStream } from "../core/bytes/bytes.ts";
import { RegistryError } from "../core/errors.ts";
import { realSystem } from "../core/system.ts";
import { changeFile } from "../apps/change_file.ts";
import { foreignFile, keepAccess, keepMostAccess } from "../disk/keep_access.ts";
import { createLocalFiles } from "../files/local.ts";
import { runPipeline } from "../operators/runner/mod.ts";
import { createToken } from "../apps/server/access/change_tokens.ts";
import { TokenUses } from "../apps/server/access/token_uses.ts";
import { setRemote } from "../apps/cli/places/set_remote.ts";
import { noteRun } from "../apps/cli/services/last_runs.ts";
import { captureIo, holdfast, succeeds } from "./apps/captured_io.ts";
import { add, pipeline, step } from "./operators/runner/pipelines.ts";
import { world } from "./operators/runner/world.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "./support/source_files.ts";
import { REPOSITORY } from "./support/run_deno.ts";
import { type TempRoot, testInRoot } from "./support/temp_root.ts";

const USER = 65_533, GROUP = 65_532;
const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;

interface Writer {
  name: string;
  /** The source file that renames. */
  source: string;
  /** Creates the file at this path below the root. */
  file: string;
  create(root: TempRoot): unknown;
  replace(root: TempRoot): unknown;
  /** The fate of a link at the path of the file. */
  link: "followed" | "replaced" | "kept";
}

const bytes = (text: string) => new TextEncoder().encode(text);
const overwrites = { overwrite: true, system: realSystem };

async function saveVersions(root: TempRoot): Promise<void> {
  await using registry = await openRegistry(root.join("registry"));
  fs.mkdirSync(root.join("source"));
  for (const text of ["one", "two"]) {
    await registry.save("note", text);
    fs.writeFileSync(root.join("source/a.txt"), text);
    await registry.save("folder", localPath(root.join("source")));
  }
}

async function downloadTo(root: TempRoot, ref: string): Promise<void> {
  await using registry = await openRegistry(root.join("registry"));
  await registry.download(ref, { to: root.join("out"), overwrite: true });
}

const remotes = (root: TempRoot) => ({
  system: { ...realSystem, env: () => root.path },
});

const cat = (root: TempRoot, version: number) =>
  succeeds(`cat note@${version} -r registry --output out/a.txt`, { cwd: root.path });

async function noteUse(root: TempRoot, from: string): Promise<void> {
  const uses = new TokenUses(root.join("out/tokens.json"), { system: realSystem });
  uses.note("id", from, () => true);
  await uses.write(() => true);
}

async function noteGc(root: TempRoot, day: string): Promise<void> {
  const system = { ...realSystem, env: () => root.path, now: () => Date.parse(day) };
  const io = { ...captureIo({ cwd: root.path }), system };
  await noteRun("r", ["gc"], { io, logger: { ...console, warn: fail } });
}

const WRITERS: readonly Writer[] = [
  {
    name: "token create",
    source: "apps/change_file.ts",
    file: "out/tokens.json",
    create: (root) => createToken(root.join("out/tokens.json"), { scopes: ["read:*"] }),
    replace: (root) =>
      succeeds("token create --tokens out/tokens.json --scope admin", { cwd: root.path }),
    link: "followed",
  },
  {
    name: "token rm",
    source: "apps/change_file.ts",
    file: "out/tokens.json",
    create: (root) => createToken(root.join("out/tokens.json"), { scopes: ["read:*"] }),
    async replace(root) {
      const { tokens: [{ id }] } = JSON.parse(
        fs.readFileSync(root.join("out/tokens.json"), "utf8"),
      );
      await succeeds(`token rm ${id} --tokens out/tokens.json`, { cwd: root.path });
    },
    link: "followed",
  },
  {
    name: "remote add",
    source: "apps/change_file.ts",
    file: "holdfast/config.json",
    create: (root) => setRemote("a", { location: "s3://a/b" }, remotes(root)),
    replace: (root) => setRemote("c", { location: "s3://c/d" }, remotes(root)),
    link: "followed",
  },
  {
    name: "the last use of a token",
    source: "apps/change_file.ts",
    file: "out/tokens.json.used",
    create: (root) => noteUse(root, "127.0.0.1"),
    replace: (root) => noteUse(root, "127.0.0.2"),
    link: "followed",
  },
  {
    name: "the last success of maintenance",
    source: "apps/change_file.ts",
    file: "last_runs/r.gc",
    create: (root) => noteGc(root, "2026-01-01"),
    replace: (root) => noteGc(root, "2026-01-02"),
    link: "followed",
  },
  {
    name: "--output of the command line",
    source: "apps/cli/program/output_stream.ts",
    file: "out/a.txt",
    create: (root) => saveVersions(root).then(() => cat(root, 1)),
    replace: (root) => cat(root, 2),
    link: "followed",
  },
  {
    name: "download of a folder",
    source: "disk/stage/place_files.ts",
    file: "out/a.txt",
    create: (root) => saveVersions(root).then(() => downloadTo(root, "folder@1")),
    replace: (root) => downloadTo(root, "folder@2"),
    link: "replaced",
  },
  {
    name: "download of an object of a bucket",
    source: "backends/s3_configs/local_file.ts",
    file: "out/a.bin",
    create: (root) => writeLocalFile(bytesStream(bytes("one")), root.join("out/a.bin"), overwrites),
    replace: (root) =>
      writeLocalFile(bytesStream(bytes("two")), root.join("out/a.bin"), overwrites),
    link: "followed",
  },
  {
    name: "a file store in a folder",
    source: "files/local/place.ts",
    file: "out/a.txt",
    create: (root) => createLocalFiles({ root: root.path }).write("out/a.txt", bytes("one")),
    replace: (root) => createLocalFiles({ root: root.path }).write("out/a.txt", bytes("two")),
    link: "replaced",
  },
  {
    name: "an output of a pipeline",
    source: "operators/runner/step/publish_outputs.ts",
    file: "out/a.txt",
    create: (root) => runStep(root, 1),
    replace: (root) => runStep(root, 2),
    link: "replaced",
  },
];

/** Renames of new, private or temporary files, which replace nothing that another user reads. */
const NOTHING_REPLACED = new Set([
  "apps/client/uploads/upload_note.ts", // a note in the cache of the client
  "backends/local/place.ts", // objects, which have the owner of the root folder
  "disk/stage/folders.ts",
  "disk/stage/resume.ts",
  "files/local/moved_file.ts",
]);

async function runStep(root: TempRoot, lr: number): Promise<void> {
  await using here = await world(root);
  await using registry = await openRegistry(root.join("runs"));
  const write = ({ outputRoot, params }: { outputRoot: string; params: unknown }) =>
    Deno.writeTextFileSync(`${outputRoot}/a.txt`, JSON.stringify(params));
  add(here.operators, "writer", write);
  const only = step("clean", { outputs: { "a.txt": "./out/a.txt" }, params: { lr } });
  const run = await runPipeline(pipeline([{ ...only, operator: "writer" }]), { ...here, registry });
  assertEquals(run.end, "ok");
}

/** Owner, group and mode. */
function accessOf(path: string): number[] {
  const { uid, gid, mode } = fs.statSync(path);
  return [uid, gid, mode & 0o777];
}

for (const { name, file, create, replace, link } of WRITERS) {
  testInRoot(`${name}: a replaced file keeps owner, group and mode`, async (root) => {
    fs.mkdirSync(root.join("out"));
    await create(root);
    const path = root.join(file);
    const owner = isRoot ? [USER, GROUP] : [fs.statSync(path).uid, fs.statSync(path).gid];
    fs.chmodSync(path, 0o640);
    fs.chownSync(path, owner[0], owner[1]);
    const before = fs.readFileSync(path, "utf8");
    await replace(root);
    assertEquals(accessOf(path), [...owner, 0o640]);
    assert(fs.readFileSync(path, "utf8") !== before, "the content did not change");
    const left = fs.readdirSync(dirname(path)).filter((each) => each !== file.split("/").at(-1));
    assertEquals(left, [], "a temporary file is left");
  }, { ignore: Deno.build.os === "windows" });

  testInRoot(`${name}: a link to a file is ${link}`, async (root) => {
    fs.mkdirSync(root.join("out"));
    await create(root);
    const path = root.join(file), target = root.join("target");
    fs.renameSync(path, target);
    fs.chmodSync(target, 0o640);
    fs.symlinkSync(target, path);
    const before = fs.readFileSync(target, "utf8");
    await replace(root);
    const isFollowed = link === "followed";
    assertEquals(fs.lstatSync(path).isSymbolicLink(), isFollowed);
    assertEquals(fs.readFileSync(target, "utf8") !== before, isFollowed);
    assertEquals(accessOf(target)[2], 0o640);
  }, { ignore: Deno.build.os === "windows" });
}

Deno.test("every file that renames is a writer of this table", async () => {
  const files = (await sourceFiles(PRODUCT_FOLDERS)).filter((path) => {
    const text = fs.readFileSync(join(REPOSITORY, path), "utf8");
    const isImported = /^import [^;]*\brename(Sync)?\b[^;]*"node:fs(\/promises)?";$/m.test(text);
    return isImported || /\bfs\.(promises\.)?rename(Sync)?\(/.test(text);
  });
  const known = new Set([...NOTHING_REPLACED, ...WRITERS.map(({ source }) => source)]);
  assertEquals(files.filter((path) => !known.has(path)), []);
  assertEquals([...known].filter((path) => !files.includes(path)), []);
});

testInRoot(
  "files that root writes into a registry of another user belong to that user",
  async (root) => {
    const path = root.join("registry");
    await using made = await openRegistry(path);
    await made.save("model", "one");
    for (const below of ["", ...fs.readdirSync(path, { recursive: true }) as string[]]) {
      fs.lchownSync(join(path, below), USER, GROUP);
    }
    for (const locking of ["link", "file"] as const) {
      const backend = createLocalBackend({ path, locking });
      await backend.put(`other/${locking}/1`, bytes("x"), { mode: "create" });
      await backend.put(`other/${locking}/1`, bytes("y"));
      await backend.copy!(`other/${locking}/1`, `copies/${locking}/1`);
    }
    fs.rmSync(join(path, ".stage"), { recursive: true });
    await using again = await openRegistry(path);
    await again.save("team/new", new Uint8Array(200_000).map((_, i) => i * i));
    await again.setAlias("model", "production", "1.0.0");
    const foreign = (fs.readdirSync(path, { recursive: true }) as string[])
      .filter((below) => fs.lstatSync(join(path, below)).uid !== USER);
    assertEquals(foreign, []);
  },
  { ignore: !isRoot },
);

testInRoot("a file that would change its owner is refused, or loses no reader", (root) => {
  const path = root.join("file"), next = root.join("next");
  fs.writeFileSync(path, "old", { mode: 0o640 });
  const { uid } = fs.statSync(path);
  const opened = fs.openSync(next, "wx", 0o600);
  try {
    if (!isRoot) {
      assertEquals(keepAccess(opened, { uid: USER, gid: GROUP, mode: 0o664 }), false);
      assertEquals(fs.fstatSync(opened).mode & 0o7777, 0o604, "a wrong group gets no rights");
    }
    assertEquals(keepAccess(opened, { uid, gid: fs.fstatSync(opened).gid, mode: 0o4664 }), true);
    assertEquals(fs.fstatSync(opened).mode & 0o7777, 0o664, "it would run as another user");
  } finally {
    fs.closeSync(opened);
  }
  keepMostAccess(next, { uid, gid: fs.statSync(next).gid, mode: 0o750 }, true);
  assertEquals(fs.statSync(next).mode & 0o777, 0o750);
  keepMostAccess(next, { uid, gid: fs.statSync(next).gid, mode: 0o750 });
  assertEquals(fs.statSync(next).mode & 0o777, 0o640);
  const { code, hint } = foreignFile("write", path, fs.statSync(path));
  assertEquals([code, hint?.includes(`sudo -u '#${uid}'`)], ["Denied", true]);
}, { ignore: Deno.build.os === "windows" });

testInRoot("a file with hard links, a pipe or a circle of links is not changed", (root) => {
  const path = root.join("file");
  const change = () => changeFile("change", path, (text) => `${text ?? ""}x`);
  change();
  change();
  assertEquals(fs.readFileSync(path, "utf8"), "xx");
  assertEquals(fs.statSync(path).mode & 0o777, 0o600);
  fs.linkSync(path, root.join("other"));
  assertEquals(assertThrows(change, RegistryError).code, "Invalid");
  fs.unlinkSync(path);
  fs.symlinkSync("file", path);
  assertEquals(assertThrows(change, RegistryError).code, "Conflict");
  fs.unlinkSync(path);
  fs.symlinkSync("new/../behind", path);
  fs.mkdirSync(root.join("new"));
  change();
  assertEquals(fs.readFileSync(root.join("behind"), "utf8"), "x", "a link to a free path");
  assertEquals(fs.readdirSync(root.path).sort(), ["behind", "file", "new", "other"]);
}, { ignore: Deno.build.os === "windows" });

testInRoot("a link to a folder is not replaced by a file", async (root) => {
  fs.mkdirSync(root.join("folder"));
  await saveVersions(root);
  fs.symlinkSync("folder", root.join("link"));
  const { code, err } = await holdfast("cat note -r registry --output link", { cwd: root.path });
  assert(code !== 0 && err.includes("it is a folder"), err);
  await assertRejects(
    () => writeLocalFile(bytesStream(bytes("x")), root.join("link"), overwrites),
    RegistryError,
  );
}, { ignore: Deno.build.os === "windows" });
