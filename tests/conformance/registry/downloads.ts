// Cases about downloading to a disk.
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TransferProgress } from "../../../core/registry.ts";
import { files, noise, refused, type RegistryCase, type RegistryContext } from "./registry_case.ts";

/** A case with a folder of its own. */
function inFolder(
  name: string,
  run: (context: RegistryContext, folder: string) => Promise<void>,
): RegistryCase {
  return {
    name,
    needs: ["download"],
    async run(context) {
      const folder = await mkdtemp(join(tmpdir(), "holdfast-"));
      try {
        await run(context, folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

export const downloadCases: readonly RegistryCase[] = [
  inFolder(
    "download() writes a file, or puts it under its own name into a folder",
    async (context, folder) => {
      const { registry, writer } = context;
      await writer.save("a", noise(400_000));
      const to = join(folder, "out.bin");
      const heard: TransferProgress[] = [];
      const done = await registry.download("a@^1", {
        to,
        onProgress: (progress) => heard.push(progress),
      });
      deepStrictEqual([done.path, done.files, done.size, done.info.version], [
        to,
        1,
        400_000,
        "1.0.0",
      ]);
      deepStrictEqual(new Uint8Array(await readFile(to)), noise(400_000));
      strictEqual(heard.at(-1)?.bytes, 400_000);
      const inside = await registry.download("a", { to: join(folder, "new/") });
      strictEqual(inside.path, join(folder, "new", "data.bin"));
    },
  ),
  inFolder("download() writes a folder of files", async ({ registry, writer }, folder) => {
    await writer.save("a", { "x.txt": noise(10), "deep/y.bin": noise(300_000) }, {
      as: files,
    });
    const { path, files: count } = await registry.download("a", { to: join(folder, "out") });
    deepStrictEqual([path, count], [join(folder, "out"), 2]);
    deepStrictEqual(new Uint8Array(await readFile(join(folder, "out/deep/y.bin"))), noise(300_000));
  }),
  inFolder(
    "download() replaces nothing unless asked to, and leaves nothing when it fails",
    async (context, folder) => {
      const { registry, writer } = context;
      await writer.save("a", "new");
      await writeFile(join(folder, "a.txt"), "old");
      await refused("AlreadyExists", registry.download("a", { to: join(folder, "a.txt") }));
      strictEqual(await readFile(join(folder, "a.txt"), "utf8"), "old");
      await registry.download("a", { to: join(folder, "a.txt"), overwrite: true });
      strictEqual(await readFile(join(folder, "a.txt"), "utf8"), "new");
      await refused("NotFound", registry.download("b", { to: join(folder, "b") }));
      deepStrictEqual(await readdir(folder), ["a.txt"]);
    },
  ),
  inFolder(
    "versions of a changed file are read, by ranges and over an older version",
    async ({ registry, writer }, folder) => {
      const to = join(folder, "a.bin");
      let value = noise(2_500_000);
      await writer.save("a", value);
      await registry.download("a", { to });
      for (let i = 1; i <= 3; i++) {
        value = value.slice();
        value.set(noise(3_000 * i), i * 700_000);
        await writer.save("a", value);
        const file = (await registry.open("a")).files()[0]!;
        deepStrictEqual(await file.bytes(), value);
        const range = { offset: i * 700_000 - 50_000, length: 100_000 };
        const chunks = await Array.fromAsync(file.stream(range));
        const read = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
        deepStrictEqual(read, value.slice(range.offset, range.offset + range.length));
        const done = await registry.download("a", { to, overwrite: true });
        strictEqual(done.written, 1);
        deepStrictEqual(new Uint8Array(await readFile(to)), value);
      }
      await registry.download("a@1", { to, overwrite: true });
      deepStrictEqual(new Uint8Array(await readFile(to)), noise(2_500_000));
    },
  ),
];
