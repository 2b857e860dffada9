import { assertEquals } from "@std/assert";
import { realSystem } from "../../../core/system.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { collectGarbage, measureSpace } from "../../../extensions/maintenance/mod.ts";
import { withHooks } from "../with_hooks.ts";
import { slowTest } from "../../support/seeds.ts";

const VERSIONS = 6;

slowTest("at most two long lists of files are read at once", async () => {
  let reading = 0, most = 0;
  const isList = (verb: string, key: string) => verb === "get" && key.startsWith("objects/");
  const store = withHooks(createMemoryBackend(), {
    async before({ verb, key }) {
      if (!isList(verb, key)) return;
      most = Math.max(most, ++reading);
      for (let turn = 0; turn < 10; turn++) await realSystem.sleep(0); // others may begin
    },
    after({ verb, key }) {
      if (isList(verb, key)) reading--;
    },
  });
  const registry = await openRegistry(store);
  const files = Array.from({ length: 1000 }, (_, i) => ({
    path: `${i}/${"x".repeat(100)}`,
    content: new Uint8Array(),
  }));
  const materializer = { id: "folder", formatVersion: 1, save: () => files, load: () => 0 };
  for (let i = 0; i < VERSIONS; i++) {
    await registry.save("a", undefined, { as: materializer, metadata: { i } });
  }
  const refs = Array.from({ length: VERSIONS }, (_, i) => `a@${i + 1}.0.0`);
  const readers = [
    () => Promise.all(refs.map((ref) => registry.info(ref))),
    () => measureSpace(registry),
    () => collectGarbage(registry, { dryRun: true }),
  ];
  for (const read of readers) {
    most = 0;
    await read();
    assertEquals(most, 2);
  }
  await registry.close();
});
