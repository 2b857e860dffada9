import { assert, assertEquals } from "@std/assert";
import fs from "node:fs";
import { basename, dirname } from "node:path";
import process from "node:process";
import { createLocalFiles } from "../../files/local.ts";
import { canMount, smallDisk } from "../support/small_disk.ts";
import { type TempRoot, testInRoot } from "../support/temp_root.ts";
import { refused } from "../support/refused.ts";

const bytes = (size: number, fill = 1) => new Uint8Array(size).fill(fill);

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
const IGNORE = { ignore: process.getuid?.() === 0 };

testInRoot("missing permissions are Denied", async (root) => {
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
}, IGNORE);

testInRoot("a move out of a read-only folder is Denied, and changes nothing", async (root) => {
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
}, IGNORE);

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
});
