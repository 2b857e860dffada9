import { assertEquals } from "@std/assert";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import {
  importMindtrace,
  openMindtrace,
} from "../../../../extensions/neighbors/mindtrace/mindtrace.ts";
import { RELEASES, unpackFixture } from "../../../support/mindtrace_fixtures.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { keysOf } from "../../../registry/registries.ts";
import { CREATED_AT, inBucket } from "./bucket_layout.ts";

for (const release of RELEASES) {
  testInRoot(
    `a registry of mindtrace ${release} reads from a bucket as from a folder`,
    async (root) => {
      const { versioned } = await unpackFixture(release, root.path);
      const bucket = await inBucket(root.join("versioned"), versioned);
      await using folder = await openMindtrace(root.join("versioned"));
      await using registry = await openMindtrace(bucket);
      const names = await Array.fromAsync(registry.names());
      assertEquals(names, await Array.fromAsync(folder.names()));
      for (const name of names) {
        for await (const { version, info } of registry.versions(name, { details: true })) {
          assertEquals(info?.digest, (await folder.info(`${name}@${version}`)).digest);
          assertEquals(info?.createdAt, new Date(CREATED_AT));
        }
      }
    },
  );
}

testInRoot(
  "a plain copy of a folder in a bucket reads, and of a bucket in a folder",
  async (root) => {
    const { versioned } = await unpackFixture("0.16.0", root.path);
    const bucket = await inBucket(root.join("versioned"), versioned);
    const copied = createMemoryBackend();
    for (const path of await readdir(root.join("versioned"), { recursive: true })) {
      const bytes = await readFile(root.join("versioned", path)).catch(() => undefined);
      if (bytes !== undefined) await copied.put(path, bytes);
    }
    for (const key of await keysOf(bucket)) {
      await mkdir(dirname(root.join("copy", key)), { recursive: true });
      await writeFile(root.join("copy", key), await (await bucket.get(key))!.bytes());
    }
    for (const location of [copied, root.join("copy")]) {
      await using registry = await openRegistry("memory:");
      const report = await importMindtrace(location, registry);
      assertEquals([report.imported, report.failures], [versioned.length, []]);
    }
  },
);

testInRoot("an import from a bucket keeps the dates that mindtrace recorded", async (root) => {
  const { versioned } = await unpackFixture("0.16.0", root.path);
  const bucket = await inBucket(root.join("versioned"), versioned);
  await using registry = await openRegistry("memory:");
  const report = await importMindtrace(bucket, registry);
  assertEquals([report.imported, report.failures], [versioned.length, []]);
  assertEquals((await registry.info("text@1.0.9")).createdAt, new Date(CREATED_AT));
});
