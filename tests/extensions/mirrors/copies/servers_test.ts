// From a folder into a bucket of a real server, and back.
import { openFolder } from "../../../registry/create_registry.ts";
import { assertEquals } from "@std/assert";
import type { Backend } from "../../../../core/backend.ts";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { REAL_SERVERS } from "../../../support/servers/mod.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { fileSet } from "../../../registry/protocol_world.ts";
import { testOnServers } from "../../../servers/server_world.ts";
import { noise } from "../../../registry/registries.ts";
import { assertMirrored, counts, fill } from "../mirror_world.ts";

testOnServers(
  "a folder is mirrored into a bucket and back, and what is there is only listed",
  REAL_SERVERS,
  async ({ store }) => {
    const root = await tempRoot();
    try {
      await thereAndBack(root.join("source"), store());
    } finally {
      await root.remove();
    }
  },
);

async function thereAndBack(path: string, store: Backend): Promise<void> {
  const folder = await openFolder(path, { durability: "os" });
  const { live, dead } = await fill(folder);
  const large = noise(20_000_000);
  for (let n = 1; n <= 3; n++) {
    await folder.save("large", { large, n: noise(70_000, n) }, { as: fileSet });
  }
  const bucket = await openRegistry(store, { cache: false });
  const there = await mirrorRegistry(folder, bucket);
  assertEquals(counts(there), {
    versions: live + dead + 3,
    skipped: 0,
    copied: live + 3,
    deleted: dead,
    aliases: 3,
    failures: 0,
  });
  const again = await mirrorRegistry(folder, bucket);
  assertEquals([again.skipped, again.bytes, again.failures], [live + dead + 3, 0, []]);
  const back = await openRegistry(createMemoryBackend());
  const report = await mirrorRegistry(bucket, back);
  // each byte was checked on its way
  assertEquals([report.copied, report.bytes, report.failures], [live + 3, there.bytes, []]);
  await assertMirrored(folder, back);
  const home = await mirrorRegistry(bucket, folder);
  assertEquals([home.copied, home.failures], [0, []]);
}
