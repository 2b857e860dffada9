// Programs of earlier commits refuse versions whose list of files is in pages, and protect them.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createLocalBackend, openRegistry, type StoredRegistry } from "../../../mod.ts";
import { collectGarbage } from "../../../registry/maintenance.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { commitsHere, unpackCommit, WITHOUT_PAGES } from "../earlier/commits.ts";
import { CallError, startProgram } from "../earlier/start_program.ts";
import { listOf, withSmallPages } from "../../simulate/small_pages.ts";
import { fileSet, filler } from "../protocol_world.ts";
import { keysOf } from "../registries.ts";

const AS = { as: fileSet };
const here = (await commitsHere()).filter((commit) => WITHOUT_PAGES.includes(commit));

function manyFiles(changed = -1): Record<string, Uint8Array<ArrayBuffer>> {
  return Object.fromEntries(
    Array.from({ length: 30 }, (_, n) => [`f/${n}`, filler(`${n === changed} ${n}`, 4_000)]),
  );
}

async function open(path: string): Promise<StoredRegistry> {
  const backend = createLocalBackend({ path, durability: "os" });
  return withSmallPages(await openRegistry(backend, { graceMs: 3_600_000 }));
}

for (const commit of new Set([...WITHOUT_PAGES, ...here])) {
  const sentence = `an earlier program refuses pages and keeps every byte (${commit.slice(0, 8)})`;
  testInRoot(sentence, async (root) => {
    const before = startProgram(await unpackCommit(commit, root));
    try {
      const path = root.join("registry"), to = root.join("mirror");
      const registry = await open(path);
      const payload = () => keysOf(registry.backend, "objects/");
      const refuses = async (call: Promise<unknown>) =>
        assertEquals((await assertRejects(() => call, CallError)).code, "Unsupported");
      await registry.save("m", manyFiles(), AS);
      await registry.save("m", manyFiles(4), AS);
      await registry.save("whole", "text");
      assert((await listOf(registry, "m")).record.fileList?.levels !== undefined);

      for (const collected of [false, true]) { // then with the notes of a collector of today
        if (collected) await collectGarbage(registry);
        const stored = await payload();
        assertEquals(await before.call("versions", path, "m"), ["2.0.0", "1.0.0"]);
        for (const ref of ["m", "m@1", "m@2"]) await refuses(before.call("load", path, ref));
        assertEquals(await before.call("load", path, "whole"), "text");
        assertEquals((await before.call("verify", path)).length, 2);
        assertEquals((await before.call("mirror", path, to, {})).length > 0, true);
        await before.call("collectGarbage", path, { now: true });
        await before.call("collectGarbage", path, {});
        assertEquals(await payload(), stored);
      }
      // it neither prunes nor deletes them, as it cannot read them
      assertEquals(await before.call("prune", path, { keepLast: 1, names: ["m"] }), []);
      await refuses(before.call("delete", path, "m@1"));
      await registry.delete("m@1");
      await before.call("collectGarbage", path, {});
      await registry.undelete("m@1");
      assertEquals(await registry.load("m@1", AS), manyFiles());
      // it saves the next version, and both go on
      assertEquals(await before.call("save", path, "m", "theirs"), "3.0.0");
      await registry.save("m", manyFiles(5), AS);
      await before.call("collectGarbage", path, { now: true });
      await collectGarbage(registry, { now: true });
      await before.call("collectGarbage", path, { now: true });
      assertEquals(await before.call("load", path, "m@3"), "theirs");
      for (const [ref, files] of [["m@1", manyFiles()], ["m@2", manyFiles(4)]] as const) {
        assertEquals(await registry.load(ref, AS), files);
      }
      assertEquals(await registry.load("m@4", AS), manyFiles(5));
      assertEquals((await verifyRegistry(registry)).problems, []);
    } finally {
      await before.end();
    }
  }, { ignore: !here.includes(commit) });
}
