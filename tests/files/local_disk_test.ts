import { assert, assertEquals, assertRejects } from "@std/assert";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { basename, dirname } from "node:path";
import process from "node:process";
import { realSystem } from "../../core/system.ts";
import { createLocalFiles } from "../../files/local.ts";
import { createFileManager } from "../../files/mod.ts";
import { ownCalls } from "../../disk/disk_calls.ts";
import { withPatchedFs } from "../backends/patched_fs.ts";
import { assertBytes, sampleBytes } from "../conformance/backend/samples.ts";
import { canMount, smallDisk } from "../support/small_disk.ts";
import { type TempRoot, testInRoot } from "../support/temp_root.ts";
import { refused } from "../support/refused.ts";
import { IS_QUICK } from "../support/seeds.ts";

const DAY_MS = 24 * 60 * 60 * 1000, MIB = 1 << 20;
const bytes = (size: number, fill = 1) => new Uint8Array(size).fill(fill);

testInRoot("links out of the root have no target, and are never followed", async (root) => {
  fs.mkdirSync(root.join("outside"));
  fs.writeFileSync(root.join("outside", "secret"), "secret");
  fs.mkdirSync(root.join("files"));
  fs.symlinkSync(root.join("outside"), root.join("files", "absolute"));
  fs.symlinkSync("../outside", root.join("files", "relative"));
  fs.symlinkSync("../outside/secret", root.join("files", "file"));
  fs.writeFileSync(root.join("files", "own"), "own");
  fs.symlinkSync(root.join("files", "own"), root.join("files", "within"));
  const files = createLocalFiles({ root: root.join("files") });
  for (const path of ["absolute", "relative", "file"]) {
    assertEquals(await files.stat(path), { path, kind: "link", size: 0 });
    await refused("NotFound", () => files.open(path));
    await refused("NotFound", () => Array.fromAsync(files.list(path)));
  }
  assertEquals((await files.stat("within"))?.target, "own");
  await refused("NotFound", () => files.open("relative/secret"));
  assertEquals(await files.stat("relative/secret"), undefined);
  assertEquals(await files.remove("relative/secret"), false);
  for (const path of ["relative/new", "absolute/new/deep"]) {
    await refused("Conflict", () => files.write(path, bytes(1)));
    await refused("Conflict", () => files.createFolder(path));
    await refused("Conflict", () => files.move("own", path));
  }
  await files.write("file", bytes(3));
  assertEquals(fs.readdirSync(root.join("outside")), ["secret"]);
  assertEquals(fs.readFileSync(root.join("outside", "secret"), "utf8"), "secret");
});

testInRoot("a moved link out of the root keeps its target", async (root) => {
  fs.mkdirSync(root.join("outside"));
  fs.mkdirSync(root.join("files"));
  fs.symlinkSync("../outside", root.join("files", "relative"));
  fs.symlinkSync(root.join("outside"), root.join("files", "absolute"));
  const files = createLocalFiles({ root: root.join("files") });
  for (const path of ["relative", "absolute"]) {
    await files.move(path, `a/b/${path}`);
    assertEquals(await files.stat(`a/b/${path}`), { path: `a/b/${path}`, kind: "link", size: 0 });
    const target = fs.realpathSync(root.join("files", "a", "b", path));
    assertEquals(target, fs.realpathSync(root.join("outside")));
  }
});

testInRoot("a folder with a link out of the store cannot be copied", async (root) => {
  const store = createLocalFiles({ root: root.path });
  await store.write("a/b", bytes(1));
  fs.symlinkSync("/etc", root.join("a", "out"));
  const files = await createFileManager({ it: store }).on("it");
  await refused("Unsupported", () => files.copy("a", "c"), /"a\/out": the link leads out/);
  assertEquals(await files.listDir(""), ["a"]);
});

testInRoot("the root may be a link, and missing before the first write", async (root) => {
  fs.mkdirSync(root.join("real"));
  fs.symlinkSync("real", root.join("link"));
  const files = createLocalFiles({ root: root.join("link", "deep", "er") });
  assertEquals(await Array.fromAsync(files.list("")), []);
  await files.write("a/b", bytes(1));
  assertEquals((await files.stat("a/b"))?.size, 1);
  assertEquals(fs.readdirSync(root.join("real", "deep", "er", "a")), ["b"]);
});

testInRoot("leftovers of dead writers are hidden, and removed after a day", async (root) => {
  const left = ".holdfast-01890a5d-ac96-774b-bcce-b302099a8057";
  fs.mkdirSync(root.join("a"));
  fs.writeFileSync(root.join("a", left), "half");
  fs.writeFileSync(root.join("a", ".holdfast-mine"), "somebody's");
  const now = createLocalFiles({ root: root.path });
  await now.write("a/b", bytes(1));
  assertEquals((await Array.fromAsync(now.list("a"))).map(({ path }) => path), ["a/b"]);
  assertEquals(fs.readdirSync(root.join("a")).sort(), [left, ".holdfast-mine", "b"].sort());
  fs.mkdirSync(root.join("only"));
  fs.writeFileSync(root.join("only", left), "half");
  await refused("Conflict", () => now.remove("only"), /being written/);
  await refused("Conflict", () => now.remove("a"), /not empty/);
  const later = { ...realSystem, now: () => realSystem.now() + 2 * DAY_MS };
  await createLocalFiles({ root: root.path, system: later }).write("a/c", bytes(1));
  assertEquals(fs.readdirSync(root.join("a")).sort(), [".holdfast-mine", "b", "c"].sort());
  assertEquals(await createLocalFiles({ root: root.path, system: later }).remove("only"), true);
});

const IGNORE = { ignore: process.platform === "win32" };
testInRoot("a pipe is not listed, and Unsupported by its path", async (root) => {
  execFileSync("mkfifo", [root.join("pipe")]);
  const files = createLocalFiles({ root: root.path });
  await files.write("a", bytes(1));
  assertEquals((await Array.fromAsync(files.list(""))).map(({ path }) => path), ["a"]);
  await refused("Unsupported", () => files.open("pipe"));
  await refused("Unsupported", () => files.write("pipe", bytes(1)));
  await refused("Unsupported", () => files.stat("pipe"));
}, IGNORE);

Deno.test("a full disk fails a save, and changes nothing", { ignore: !canMount }, async () => {
  await using disk = await smallDisk(1_000_000);
  const files = createLocalFiles({ root: disk.path });
  await files.write("a", bytes(300_000));
  for (const content of [bytes(900_000, 2), new Blob([bytes(900_000, 2)])]) {
    await refused("Unavailable", () => files.write("a", content), /disk is full/);
  }
  assertEquals(await (await files.open("a")).bytes(), bytes(300_000));
  assertEquals(fs.readdirSync(disk.path), ["a"]);
});

testInRoot("files of every size are read whole", async (root) => {
  const files = createLocalFiles({ root: root.path });
  for (const size of [MIB, MIB + 1, 2 * MIB + 1, 17 * MIB + 5]) {
    const content = sampleBytes(size);
    await files.write("a", content);
    assertBytes(await (await files.open("a")).bytes(), content);
  }
});

testInRoot("a file that is written during a stream of it is a Conflict", async (root) => {
  const files = createLocalFiles({ root: root.path });
  await files.write("a", bytes(16 << 20));
  const reader = (await files.open("a")).stream().getReader();
  await reader.read();
  const file = fs.openSync(root.join("a"), "r+");
  fs.writeSync(file, bytes(10, 2), 0, 10, 15 << 20);
  fs.futimesSync(file, 1, 1);
  fs.closeSync(file);
  await refused("Conflict", async () => {
    while (!(await reader.read()).done);
  });
});

testInRoot("a write whose folder is moved or replaced is a Conflict", async (root) => {
  const files = createLocalFiles({ root: root.join("files") });
  for (const isLink of [false, true]) {
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await files.move("a", `b${isLink}`);
        if (isLink) {
          fs.renameSync(root.join("files", "btrue"), root.join("outside"));
          fs.symlinkSync("../outside", root.join("files", "a"));
        }
        controller.enqueue(bytes(3));
        controller.close();
      },
    }, { highWaterMark: 0 });
    await refused("Conflict", () => files.write("a/file", stream));
  }
  assertEquals(await Array.fromAsync(files.list("bfalse")), []);
  assert(!fs.existsSync(root.join("outside", "file")));
});

/** Root may do everything. */
const AS_USER = { ignore: process.getuid?.() === 0 };

testInRoot("unprivileged: missing permissions are Denied", async (root) => {
  const files = createLocalFiles({ root: root.path });
  await files.write("closed/a", bytes(1));
  await files.write("still/a", bytes(1));
  const calls: (() => Promise<unknown>)[] = [
    () => files.stat("closed/a"),
    () => files.open("closed/a"),
    () => files.list("closed")[Symbol.asyncIterator]().next(),
    () => files.list("closed/b")[Symbol.asyncIterator]().next(),
    () => files.write("closed/a", bytes(1)),
    () => files.write("still/a", bytes(1)),
    () => files.write("still/b/c", bytes(1), { mode: "create" }),
    () => files.createFolder("still/b/c"),
    () => files.createLink("still/b", "a"),
    () => files.remove("still/a"),
    () => files.remove("closed/a"),
    () => files.move("still/a", "still/b"),
    () => files.move("closed/a", "b"),
  ];
  await withModes(root, { closed: 0o000, still: 0o555 }, async () => {
    for (const call of calls) await refused("Denied", call);
    assertEquals((await Array.fromAsync(files.list("still"))).map(({ path }) => path), ["still/a"]);
  });
}, AS_USER);

testInRoot(
  "unprivileged: a move out of a read-only folder is Denied, and changes nothing",
  async (root) => {
    const files = createLocalFiles({ root: root.path });
    await files.write("still/a", bytes(1));
    await files.createLink("still/link", "still/a");
    await files.createFolder("open");
    await withModes(root, { still: 0o555 }, async () => {
      for (const name of ["a", "link"]) {
        await refused("Denied", () => files.move(`still/${name}`, `open/${name}`));
        assertEquals(await files.stat(`open/${name}`), undefined);
      }
      assertEquals((await files.stat("still/a"))?.kind, "file");
    });
  },
  AS_USER,
);

/** Runs with other modes of folders, and restores them. */
async function withModes(
  root: TempRoot,
  modes: Record<string, number>,
  run: () => Promise<void>,
): Promise<void> {
  for (const [path, mode] of Object.entries(modes)) fs.chmodSync(root.join(path), mode);
  try {
    await run();
  } finally {
    for (const path of Object.keys(modes)) fs.chmodSync(root.join(path), 0o700);
  }
}

testInRoot("a move between file systems is Unsupported", async (root) => {
  await using disk = await smallDisk(1_000_000);
  const files = createLocalFiles({ root: dirname(disk.path) });
  const [from, to] = [basename(disk.path), basename(root.path)];
  await files.write(`${from}/a/b`, bytes(1));
  for (const path of ["a", "a/b"]) {
    const move = () => files.move(`${from}/${path}`, `${to}/x`);
    await refused("Unsupported", move, /different file systems/);
  }
  assertEquals((await files.stat(`${from}/a/b`))?.size, 1);
  assertEquals(await files.stat(`${to}/x`), undefined);
}, { ignore: !canMount });

testInRoot("programs that create and remove the same folders all succeed", async (root) => {
  const source = `
    import { createLocalFiles } from ${JSON.stringify(import.meta.resolve("../../files/local.ts"))};
    const files = createLocalFiles({ root: ${JSON.stringify(root.path)} });
    const allowed = (error) => {
      if (error.code !== "Conflict" || !/not empty|being written/.test(error.message)) throw error;
    };
    for (let n = 0; n < 300; n++) {
      await files.createFolder("a/b/c");
      await files.write("a/b/" + Deno.pid, new Uint8Array(1));
      await files.write("a/b/stream" + Deno.pid, new Blob(["x"]));
      for (const path of ["a/b/c", "a/b/" + Deno.pid, "a/b/stream" + Deno.pid, "a/b", "a"]) {
        await files.remove(path).catch(allowed);
      }
    }
  `;
  const script = root.join(".holdfast-script.ts");
  fs.writeFileSync(script, source);
  const run = () =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", script],
      stderr: "piped",
    }).output();
  for (const { code, stderr } of await Promise.all([run(), run(), run()])) {
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  }
}, { ignore: IS_QUICK });

testInRoot("a file rewritten in place with its time set back has changed", async (root) => {
  const { deno } = ownCalls;
  const files = createLocalFiles({ root: root.path });
  const sooner = (stats: fs.Stats) => Object.assign(stats, { ctimeMs: stats.ctimeMs - 5000 });
  for (const size of [100, 3_000_000]) {
    const path = root.join("file");
    fs.writeFileSync(path, bytes(size));
    const { atime, mtime } = fs.statSync(path);
    const opened = await withPatchedFs( // five seconds ago
      (real) => ({ lstatSync: (path: string) => sooner(real.lstatSync(path)) }),
      () => files.open("file"),
      deno && {
        ...deno,
        lstatSync(path) {
          const info = deno.lstatSync(path);
          return { ...info, ctime: info.ctime && new Date(info.ctime.getTime() - 5000) };
        },
      },
    );
    fs.writeFileSync(path, bytes(size, 2), { flag: "r+" });
    fs.utimesSync(path, atime, mtime);
    await refused("Conflict", () => opened.bytes());
  }
});

testInRoot("a folder that is gone is neither written to nor created again", async (root) => {
  const path = root.join("store");
  const files = createLocalFiles({ root: path });
  await files.write("a/1", bytes(1));
  const reader = createLocalFiles({ root: path });
  await reader.stat("a/1");
  fs.renameSync(path, `${path}.away`);
  const writes: (() => Promise<unknown>)[] = [
    () => files.stat("a/1"),
    () => files.stat(""),
    () => reader.stat("a/1"),
    () => files.write("a/2", bytes(1)),
    () => files.write("b", bytes(1)),
    () => files.createFolder("c"),
    () => files.createLink("d", "a/1"),
    () => files.move("a/1", "e"),
    () => Array.fromAsync(files.list("")),
  ];
  for (const write of writes) {
    await refused("Unavailable", write);
    assert(!fs.existsSync(path));
  }
  fs.renameSync(`${path}.away`, path);
  await files.write("a/2", bytes(1));
  fs.rmSync(root.join("store/a"), { recursive: true });
  await files.write("a/3", bytes(1)); // emptied, but on the same disk
});

Deno.test({
  name: "no file is written to a mount point whose disk is not mounted",
  ignore: !canMount,
  async fn() {
    const disk = await smallDisk(1_000_000);
    const files = createLocalFiles({ root: disk.path });
    assertEquals(await files.stat("a"), undefined); // it has only been read
    execFileSync("umount", ["--lazy", disk.path]);
    try {
      await refused("Unavailable", () => files.write("a", bytes(1)));
      assertEquals(fs.readdirSync(disk.path), []);
    } finally {
      execFileSync("mount", ["-t", "tmpfs", "tmpfs", disk.path]);
    }
    await files.write("a", bytes(1));
    await disk.remove();
  },
});

testInRoot(
  "a large array is written as it is in memory, and an aborted write ends",
  async (root) => {
    const memory = new Float64Array(3 * MIB / 4).map((_, i) => i), data = memory.subarray(5, -7);
    const array = { data, shape: [data.length], dtype: "float64" } as const;
    const files = createFileManager({ disk: createLocalFiles({ root: root.path }) });
    const disk = await files.on("disk");
    const stop = new AbortController();
    const aborted = disk.save("b.npy", array, { signal: stop.signal });
    stop.abort(new Error("stop"));
    await assertRejects(() => aborted, Error, "stop");
    assertEquals(fs.readdirSync(root.path), []);
    await disk.save("a.npy", array);
    await disk.save("a.bin", new Uint8Array(memory.buffer, 1, 2 * MIB));
    assertEquals([memory.buffer.detached, memory.at(-1)], [false, memory.length - 1]);
    const written = fs.readFileSync(root.join("a.npy")), size = data.byteLength;
    assertBytes(written.subarray(-size), new Uint8Array(memory.buffer, data.byteOffset, size));
    assertBytes(fs.readFileSync(root.join("a.bin")), new Uint8Array(memory.buffer, 1, 2 * MIB));
  },
);
