import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { importMindtrace, openMindtrace } from "../../../neighbors/mindtrace.ts";
import { RELEASES, unpackFixture } from "../../support/mindtrace_fixtures.ts";
import { testInRoot } from "../../support/temp_root.ts";
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

testInRoot("an import from a bucket keeps the dates that mindtrace recorded", async (root) => {
  const { versioned } = await unpackFixture("0.16.0", root.path);
  const bucket = await inBucket(root.join("versioned"), versioned);
  await using registry = await openRegistry("memory:");
  const report = await importMindtrace(bucket, registry);
  assertEquals([report.imported, report.failures], [versioned.length, []]);
  assertEquals((await registry.info("text@1.0.9")).createdAt, new Date(CREATED_AT));
});
