// Reads and collects what the fixtures of the first four commits lack.
import { assertEquals } from "@std/assert";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { listFiles, openFile } from "../../../registry/mod.ts";
import { collect } from "../rejected.ts";
import { PATHS } from "./later.ts";
import { testOnLater } from "./on_all.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

for (const name of ["later", "copy"]) {
  testOnLater(`a list in pages and a restored version are kept in ${name}`, async ({ open }) => {
    const registry = await open(name);
    for (const at of [registry, await open(name, WEEK_MS)]) {
      const { failures } = await collectGarbage(at, { now: at === registry });
      assertEquals(failures, []);
    }
    const found = await collect(listFiles(registry, "paged"));
    assertEquals(found.map(({ path }) => path), PATHS.toSorted());
    const file = await openFile(registry, "paged", { path: PATHS[4_001]! });
    assertEquals(await file.bytes(), new Uint8Array(1));
    assertEquals(await registry.load("gone@1"), "restored");
    if (name === "later") assertEquals((await registry.info("gone@1")).restored?.length, 1);
    assertEquals((await verifyRegistry(registry)).problems, []);
  });
}
