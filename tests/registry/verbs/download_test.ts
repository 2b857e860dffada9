import { assertEquals } from "@std/assert";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { decodeRecord, encodeRecord } from "../../../core/record/record.ts";
import type { VersionRecord } from "../../../core/record/record.ts";
import { localPath } from "../../../mod.ts";
import type { TransferProgress } from "../../../core/registry.ts";
import { rejected } from "../rejected.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";

testOnEach("download() gives a folder back as it was saved", async ({ registry, root }) => {
  mkdirSync(root.join("data", "deep", "empty"), { recursive: true });
  writeFileSync(root.join("data", "deep", "x.bin"), noise(300_000));
  writeFileSync(root.join("data", "y.txt"), "why");
  await registry.save("data", localPath(root.join("data")));
  const to = root.join("out");
  const done = await registry.download("data", { to });
  assertEquals([done.path, done.info.materializer.id], [to, "folder"]);
  assertEquals(new Uint8Array(readFileSync(root.join("out", "deep", "x.bin"))), noise(300_000));
  assertEquals(readFileSync(root.join("out", "y.txt"), "utf8"), "why");
  assertEquals(readdirSync(root.join("out", "deep")).sort(), ["empty", "x.bin"]);
});

testInMemory("download() never writes through a link", async ({ registry, root }) => {
  mkdirSync(root.join("data", "sub"), { recursive: true });
  writeFileSync(root.join("data", "sub", "x"), "new");
  writeFileSync(root.join("data", "y"), "new");
  await registry.save("data", localPath(root.join("data")));
  mkdirSync(root.join("out"));
  mkdirSync(root.join("elsewhere"));
  symlinkSync(root.join("elsewhere"), root.join("out", "sub"));
  await rejected(
    "AlreadyExists",
    registry.download("data", { to: root.join("out"), overwrite: true }),
  );
  assertEquals(readdirSync(root.join("elsewhere")), []);
});

testInMemory("download() tells how far it is", async ({ registry, root }) => {
  await registry.save("a", noise(400_000));
  const heard: TransferProgress[] = [];
  await registry.download("a", {
    to: root.join("a"),
    onProgress: (progress) => heard.push(progress),
  });
  assertEquals(heard.at(-1)?.bytes, 400_000);
});

testInMemory(
  "download() writes nothing outside its folder, whatever a forged record says",
  async ({ registry, backend, root }) => {
    await registry.save("a", noise(1_000));
    const [key] = await keysOf(backend, "names/a/");
    const { record, inline } = decodeRecord(await (await backend.get(key))!.bytes(), key);
    const { files: [file], ...rest } = record as VersionRecord;
    mkdirSync(root.join("out"));
    const forged = [["../evil"], ["/tmp/evil"], ["a/../../evil"], ["..\\evil"], ["a", "a/b"], [
      "a\0b",
    ], [
      "",
    ]];
    for (const paths of forged) {
      await backend.put(
        key,
        encodeRecord({
          ...rest,
          size: paths.length * file.size,
          files: paths.map((path) => ({ ...file, path })),
        }, [
          inline,
        ]),
      );
      await rejected("Invalid", registry.download("a", { to: root.join("out") }));
    }
    const links = [{ ...file, path: "l", mode: "link" as const }, { ...file, path: "l/x" }];
    await backend.put(key, encodeRecord({ ...rest, size: 2 * file.size, files: links }, [inline]));
    await rejected("Invalid", registry.download("a", { to: root.join("out") }));
    assertEquals(readdirSync(root.path), ["out"]);
    assertEquals(readdirSync(root.join("out")), []);
  },
);
