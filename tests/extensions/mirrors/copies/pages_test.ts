// Mirrors of versions whose list of files is in pages.
import { assertEquals } from "@std/assert";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { openRegistry } from "../../../../mod.ts";
import { verifyRegistry } from "../../../../apps/maintenance.ts";
import { listOf, withSmallPages } from "../../../simulate/small_pages.ts";
import { fileSet, filler } from "../../../registry/protocol_world.ts";

const AS = { as: fileSet };

function manyFiles(changed = -1): Record<string, Uint8Array<ArrayBuffer>> {
  return Object.fromEntries(
    Array.from({ length: 40 }, (_, n) => [`folder/${n}`, filler(`${n === changed} ${n}`, 3_000)]),
  );
}

Deno.test("a mirror divides lists by its own limits, and shares what has not changed", async () => {
  const from = withSmallPages(await openRegistry("memory:"));
  await from.save("m", manyFiles(), AS);
  await from.save("m", manyFiles(3), AS);
  await from.copy("m@1", "copy");
  for (const isDivided of [true, false]) {
    const to = await openRegistry("memory:");
    if (isDivided) withSmallPages(to);
    assertEquals((await mirrorRegistry(from, to)).failures, []);
    const versions = { "m@1": manyFiles(), "m@2": manyFiles(3), copy: manyFiles() };
    for (const [ref, files] of Object.entries(versions)) {
      assertEquals(await to.load(ref, AS), files);
      const { record } = await listOf(to, ref);
      assertEquals(record.fileList?.levels !== undefined, isDivided);
    }
    assertEquals((await verifyRegistry(to)).problems, []);
    assertEquals((await mirrorRegistry(from, to)).files, 0);
    if (!isDivided) continue;
    const pagesOf = async (ref: string) =>
      (await (await listOf(to, ref)).list.pages()).map(({ from, object }) => `${from}/${object}`);
    const first = new Set(await pagesOf("m@1"));
    assertEquals(new Set(await pagesOf("m@2")).difference(first).size, 1);
  }
});
