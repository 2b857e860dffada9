// One file of a list in pages, and some of its files, without all others.
import { assertEquals, assertGreater, assertLess, assertMatch } from "@std/assert";
import { compareUtf8 } from "../../../core/bytes/bytes.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { listFiles, type ListFilesOptions, openFile } from "../../../registry/mod.ts";
import { fileSet, filler } from "../protocol_world.ts";
import { rejected } from "../rejected.ts";
import { createScriptedBackend } from "../scripted_backend.ts";
import { listOf, withSmallPages } from "../../simulate/small_pages.ts";

const AS = { as: fileSet };

Deno.test("one file and a few of many are read by a few pages", async () => {
  const backend = createScriptedBackend(createMemoryBackend());
  const registry = withSmallPages(await openRegistry(backend));
  const path = (n: number) => `${n % 7}/${String(n).padStart(3, "0")}`;
  const files = Object.fromEntries(
    Array.from({ length: 200 }, (_, n) => [path(n), filler(`${n}`, 900)]),
  );
  await registry.save("m", files, AS);
  const { record: { fileList } } = await listOf(registry, "m");
  const reads = (from: RegExp) => backend.asked({ verb: "get", key: from }).length;
  for (const n of [0, 7, 99, 199]) {
    backend.forget();
    const file = await openFile(registry, "m", { path: path(n) });
    assertEquals(reads(/^objects/), fileList!.levels! + 1);
    assertEquals(await file.bytes(), files[path(n)]);
    assertEquals((await openFile(registry, "m@1", { path: path(n) })).info, file.info);
  }
  for (const missing of ["", "3", "3/000", "9", `${path(5)}x`]) {
    const error = await rejected("NotFound", openFile(registry, "m", { path: missing }));
    assertMatch(error.message, /no such file/);
  }
  await rejected("NotFound", openFile(registry, "m@2", { path: path(0) }));
  const paths = Object.keys(files).sort(compareUtf8);
  const list = async (options: ListFilesOptions) =>
    await Array.fromAsync(listFiles(registry, "m", options), ({ path }) => path);
  assertEquals(await list({}), paths);
  for (const options of [{ prefix: "3/" }, { prefix: "3/0", after: "3/045" }, { after: "6/100" }]) {
    const { prefix = "", after = "" } = options as { prefix?: string; after?: string };
    const expected = paths.filter((path) => path.startsWith(prefix) && path > after);
    assertGreater(expected.length, 3);
    backend.forget();
    assertEquals(await list(options), expected);
    assertLess(reads(/^objects/), 60);
  }
  assertEquals(await list({ prefix: "none" }), []);
  // the same of a version whose list is in its record
  await registry.save("one", "text");
  assertEquals(await (await openFile(registry, "one", { path: "text.txt" })).text(), "text");
  assertEquals(
    await Array.fromAsync(listFiles(registry, "one")),
    (await registry.info("one")).files,
  );
});
