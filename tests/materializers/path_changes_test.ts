import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { readAll } from "../../core/bytes/bytes.ts";
import type { FileSource, FileToSave } from "../../core/materializer.ts";
import { DiskContent, stateOf } from "../../disk/disk_file.ts";
import { lookAt } from "../../disk/disk_calls.ts";
import { file, folder, localPath, type LocalPathOptions } from "../../materializers/mod.ts";
import { fails, readFiles } from "./fake_artifact.ts";
import { inFolder, write } from "./in_folder.ts";

function filesOf(
  root: string,
  signal?: AbortSignal,
  options?: LocalPathOptions,
): AsyncIterable<FileToSave> {
  return folder().save(localPath(root, options) as never, { signal }) as AsyncIterable<FileToSave>;
}

inFolder("a large file is read piece by piece, as often as asked", async (root) => {
  const content = Uint8Array.from({ length: 2_500_000 }, (_, i) => i % 251);
  write(root, "large", content);
  const [saved] = file().save(localPath(join(root, "large")) as never, {}) as FileToSave[];
  const source = saved.content as FileSource;
  assertEquals(source.size, content.byteLength);
  for (let i = 0; i < 2; i++) assertEquals(await readAll(source.stream()), content);
  for await (const chunk of source.stream()) assert(chunk.byteLength <= 1 << 20);
});

inFolder("a file that changes before or while it is read is a Conflict", async (root) => {
  const path = join(root, "large");
  const changes: Record<string, () => void> = {
    grows: () => write(root, "large", new Uint8Array(3_000_001)),
    shrinks: () => truncateSync(path, 10),
    "is touched": () => utimesSync(path, 5, 5),
    "is replaced": () => {
      write(root, "other", new Uint8Array(3_000_000));
      utimesSync(join(root, "other"), 9, 9);
      renameSync(join(root, "other"), path);
    },
    "becomes a link": () => {
      renameSync(path, join(root, "moved"));
      symlinkSync("moved", path);
    },
  };
  for (const [how, change] of Object.entries(changes)) {
    for (const when of ["before", "while"]) {
      rmSync(path, { force: true });
      write(root, "large", new Uint8Array(3_000_000));
      utimesSync(path, 9, 9);
      const [{ content }] = file().save(localPath(path) as never, {}) as FileToSave[];
      const error = await fails("Conflict", async () => {
        if (when === "before") change();
        for await (const _chunk of (content as FileSource).stream()) {
          if (when === "while" && how !== "is replaced" && how !== "becomes a link") change();
          else if (when === "while") {
            const read = () => (change(), readAll((content as FileSource).stream()));
            throw await fails("Conflict", read);
          }
        }
      });
      assertStringIncludes(error.message, path, `${how} ${when}`);
    }
  }
});

inFolder("a folder that changes while it is read is a Conflict", async (root) => {
  const changes: (() => void)[] = [
    () => write(root, "sub/new"),
    () => rmSync(join(root, "sub/c")),
    () => mkdirSync(join(root, "sub/folder")),
    () => write(root, "sub/c", "other text"),
  ];
  for (const change of changes) {
    rmSync(join(root, "sub"), { recursive: true, force: true });
    for (const path of ["sub/a", "sub/b", "sub/c"]) write(root, path);
    for (const path of ["sub/a", "sub/b", "sub/c", "sub"]) utimesSync(join(root, path), 9, 9);
    await fails("Conflict", async () => {
      let first = true;
      for await (const file of filesOf(root)) {
        await readFiles([file]);
        if (first) change();
        first = false;
      }
    });
  }
});

inFolder("a folder swapped for a link while read does not lead outside", async (root) => {
  const outside = join(root, "..", "outside");
  for (const size of [10, 200_000]) {
    for (const folderName of [join(root, "in"), outside]) {
      rmSync(folderName, { recursive: true, force: true });
      mkdirSync(folderName);
      for (const name of ["a", "b"]) {
        writeFileSync(join(folderName, name), new Uint8Array(size).fill(name.charCodeAt(0)));
      }
      for (const name of ["a", "b"]) utimesSync(join(folderName, name), 9, 9);
    }
    const seen: FileToSave[] = [];
    await fails("Conflict", async () => {
      for await (const one of filesOf(root)) {
        seen.push(...await readFiles([one]));
        if (seen.length > 1) continue;
        renameSync(join(root, "in"), join(root, "..", `moved${size}`));
        symlinkSync(outside, join(root, "in"));
      }
    });
    assertEquals(seen.length, 1);
    rmSync(join(root, "in"));
  }
});

inFolder("a folder swapped for a link while listed does not lead outside", async (root) => {
  const outside = join(root, "..", "outside");
  mkdirSync(outside);
  for (const place of [root, outside]) writeFileSync(join(place, "a"), place);
  const first = filesOf(root)[Symbol.asyncIterator]().next(); // has looked at the folder, and waits for its list
  renameSync(root, join(root, "..", "moved"));
  symlinkSync(outside, root);
  await fails("Conflict", () => first);
});

inFolder("an abort ends the reading of a folder with its reason", async (root) => {
  for (const path of ["a", "b"]) write(root, path);
  const reason = new Error("enough");
  const controller = new AbortController();
  const seen: string[] = [];
  let caught: unknown;
  try {
    for await (const { path } of filesOf(root, controller.signal)) {
      seen.push(path);
      controller.abort(reason);
    }
  } catch (error) {
    caught = error;
  }
  assertEquals([caught, seen], [reason, ["a"]]);
});

inFolder("a file rewritten in place with its time set back has changed", async (root) => {
  const path = join(root, "file");
  for (const size of [100, 3_000_000]) {
    await Deno.writeFile(path, new Uint8Array(size));
    const stats = lookAt(path);
    const state = { ...stateOf(stats), ctimeMs: stats.ctimeMs - 5000 }; // found five seconds ago
    await Deno.writeFile(path, new Uint8Array(size).fill(1));
    await Deno.utime(path, stats.atime, stats.mtime);
    const content = new DiskContent({ path, state });
    await fails("Conflict", () => Promise.try(() => content.bytes()));
    await fails("Conflict", () => Array.fromAsync(content.chunks()));
  }
});

inFolder("names that are left out may come and go while a folder is read", async (root) => {
  const how: LocalPathOptions[] = [{ exclude: "*.tmp" }, { include: "*.csv" }, {}];
  for (const options of how) {
    rmSync(root, { recursive: true });
    for (const path of ["a.csv", "sub/b.csv", "sub/gone.tmp"]) write(root, path);
    if (how.indexOf(options) === 2) write(root, ".holdfastignore", "*.tmp");
    for (const path of ["sub", "."]) utimesSync(join(root, path), 9, 9);
    const seen: string[] = [];
    for await (const { path, check } of filesOf(root, undefined, options)) {
      seen.push(path);
      rmSync(join(root, "sub/gone.tmp"), { force: true });
      for (const name of ["new.tmp", "sub/new.tmp"]) write(root, name);
      await check?.();
    }
    assertEquals(seen.filter((path) => path.endsWith("csv")), ["a.csv", "sub/b.csv"]);
  }
});

inFolder("entries that are removed after they were listed are not there", async (root) => {
  write(root, "kept/a.csv");
  const names = Array.from({ length: 9 }, (_, i) => `${i}.tmp`);
  for (const name of names) write(root, `kept/${name}`);
  const onLeftOut = () =>
    names.forEach((name) => rmSync(join(root, "kept", name), { force: true }));
  const seen = await Array.fromAsync(filesOf(root, undefined, { exclude: "*.tmp", onLeftOut }));
  assertEquals(seen.map(({ path }) => path), ["kept/a.csv"]);
  for (const name of ["x/1.csv", "x/2.csv", "x/3.tmp"]) write(root, name);
  const remove = () => rmSync(join(root, "x"), { recursive: true, force: true });
  const left = filesOf(root, undefined, { exclude: "*.tmp", onLeftOut: remove });
  assertEquals((await Array.fromAsync(left)).map(({ path }) => path), ["kept/a.csv"]);
});
