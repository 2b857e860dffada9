import { assertEquals } from "@std/assert";
import { defineMaterializer, type FileToSave } from "../../../core/materializer.ts";
import { collect, rejected } from "../rejected.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";
import { readAll } from "../../../core/bytes/bytes.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { localPath, readLog } from "../../../mod.ts";
import { withShiftedTime } from "../../simulate/with_shifted_time.ts";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import type { VersionRecord } from "../../../core/record.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";
import type { TransferProgress } from "../../../core/registry.ts";

testOnEach("load() names the missing part of a ref", async ({ registry }) => {
  await rejected("NotFound", registry.load("nothing"), /"nothing": no such name/);
  await rejected(
    "NotFound",
    Array.fromAsync(readLog(registry, "nothing")),
    /"nothing": no such name/,
  );
  await registry.save("a", 1, { version: "1.5.0" });
  await rejected("NotFound", registry.load("a@1.4"), /"a@1\.4\.0": no such version/);
  await rejected("NotFound", registry.load("a@^2"), /no version in "\^2"/);
  await rejected("NotFound", registry.load("a@canary"), /no such alias/);
  await registry.delete("a@1.5.0");
  await rejected("NotFound", registry.load("a@1.5"), /it was deleted/);
  await rejected("NotFound", registry.load("a"), /no such name/);
});

testInMemory("load() refuses newer and unknown formats", async ({ registry, open }) => {
  const format = (formatVersion: number) =>
    defineMaterializer<string>({
      id: "acme/note",
      formatVersion,
      save: (value) => [{ path: "note", content: new TextEncoder().encode(value) }],
      load: async (artifact) => new TextDecoder().decode(await artifact.file("note").bytes()),
    });
  await registry.save("note", "x", { as: format(2) });
  assertEquals(await registry.load("note", { as: format(3) }), "x");
  await rejected("Unsupported", registry.load("note", { as: format(1) }));
  await rejected("Unsupported", (await open()).load("note"), /acme\/note/);
});

testOnEach("load() verifies by default", async ({ registry, backend, open }) => {
  await registry.save("a", noise(400_000));
  for await (const entry of backend.list("objects/")) {
    if ("key" in entry) await backend.put(entry.key, noise(400_000, 2));
  }
  await rejected("Corrupt", registry.load("a"));
  await rejected("Corrupt", registry.load("a", { verify: "full" }));
  assertEquals(await registry.load("a", { verify: "none" }), noise(400_000, 2));
  const careless = await open({ verify: "none" });
  assertEquals(await careless.load("a"), noise(400_000, 2));
  await rejected("Corrupt", careless.load("a", { verify: "integrity" }));
});

const files = defineMaterializer<Record<string, Uint8Array>>({
  id: "test/files",
  save: (value) => Object.entries(value).map(([path, content]): FileToSave => ({ path, content })),
  load: async (artifact) => {
    const entries = artifact.files().map(async (file) =>
      [file.info.path, await file.bytes()] as const
    );
    return Object.fromEntries(await Promise.all(entries));
  },
});

const LARGE = { "a.bin": noise(2_500_000), "b/c.bin": noise(300_000, 2) };

testOnEach("open() reads ranges of compressed files, and refuses missing ones", async (given) => {
  const { registry } = given;
  const content = noise(400_000);
  for (const compress of ["gzip", "zstd"] as const) {
    await registry.save("a", { "z.bin": content }, { as: files, compress });
    const file = (await registry.open("a")).file("z.bin");
    for (
      const [offset, length] of [[0, 5], [5, 5], [70_000, 300_000], [399_999, 9], [400_000, 1]]
    ) {
      const expected = content.slice(offset, offset + length);
      assertEquals(await readAll(file.stream({ offset, length })), expected);
    }
    assertEquals(await readAll(file.stream({ offset: 399_000 })), content.slice(399_000));
    assertEquals(await readAll(file.stream({ offset: 9, length: 0 })), new Uint8Array());
    assertEquals(await readAll(file.stream()), content);
    await rejected("Invalid", readAll(file.stream({ offset: -1, length: 5 })));
  }
  const artifact = await registry.open("a");
  await rejected("NotFound", (async () => await artifact.file("y.bin").bytes())(), /"z\.bin"/);
});

testOnEach("reading an opened file detects damage", async ({ registry, backend }) => {
  await registry.save("a", { "a.bin": noise(400_000) }, { as: files });
  const artifact = await registry.open("a");
  const [key] = (await collect(backend.list("objects/"))).map((entry) =>
    "key" in entry ? entry.key : ""
  );
  await backend.put(key, noise(300_000));
  const cases = [undefined, { offset: 299_000, length: 2_000 }, { offset: 10, length: 90 }];
  for (const range of cases) {
    assertEquals(
      (await rejected("Corrupt", readAll(artifact.file("a.bin").stream(range)))).key,
      key,
    );
  }
  await backend.put(key, new Uint8Array([...noise(399_999), 0]));
  for (const range of [undefined, { offset: 10, length: 90 }]) {
    assertEquals(
      (await rejected("Corrupt", readAll(artifact.file("a.bin").stream(range)))).key,
      key,
    );
  }
});

testOnEach("an opened artifact is readable for the grace", async ({ registry, open }) => {
  await registry.save("a", LARGE, { as: files, version: "1" });
  const artifact = await registry.open("a");
  await registry.save("a", { "new.bin": noise(10) }, {
    as: files,
    version: "1",
    onConflict: "overwrite",
  });
  await registry.delete("a@1");
  await collectGarbage(registry);
  assertEquals(await artifact.file("a.bin").bytes(), LARGE["a.bin"]);

  const twoDaysMs = 2 * 24 * 3_600_000;
  const later = await open(
    {},
    (backend) =>
      withShiftedTime(backend, {
        shiftMs: ({ key }) => key.startsWith("scratch/") ? 0 : -twoDaysMs,
      }),
  );
  assertEquals((await collectGarbage(later)).removed.payload.count > 0, true);
  await rejected("Conflict", artifact.file("a.bin").bytes(), /Save it again/);
  await rejected("NotFound", registry.open("a"));
}, { mutable: true });

testOnEach("download() restores a folder", async ({ registry, root }) => {
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

testInMemory("download() reports progress", async ({ registry, root }) => {
  await registry.save("a", noise(400_000));
  const heard: TransferProgress[] = [];
  await registry.download("a", {
    to: root.join("a"),
    onProgress: (progress) => heard.push(progress),
  });
  assertEquals(heard.at(-1)?.bytes, 400_000);
});

testInMemory("download() never writes outside its folder", async ({ registry, backend, root }) => {
  await registry.save("a", noise(1_000));
  const [key] = await keysOf(backend, "names/a/");
  const { record, inline } = decodeRecord(await (await backend.get(key))!.bytes(), key);
  const { files: [file], ...rest } = record as VersionRecord;
  mkdirSync(root.join("out"));
  const forged = [["../evil"], ["/tmp/evil"], ["a/../../evil"], ["..\\evil"], ["a", "a/b"], [
    "a\0b",
  ], [""]];
  for (const paths of forged) {
    await backend.put(
      key,
      encodeRecord({
        ...rest,
        size: paths.length * file.size,
        files: paths.map((path) => ({ ...file, path })),
      }, [inline]),
    );
    await rejected("Invalid", registry.download("a", { to: root.join("out") }));
  }
  const links = [{ ...file, path: "l", mode: "link" as const }, { ...file, path: "l/x" }];
  await backend.put(key, encodeRecord({ ...rest, size: 2 * file.size, files: links }, [inline]));
  await rejected("Invalid", registry.download("a", { to: root.join("out") }));
  assertEquals(readdirSync(root.path), ["out"]);
  assertEquals(readdirSync(root.join("out")), []);
});
