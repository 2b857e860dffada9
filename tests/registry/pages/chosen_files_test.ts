// Downloads of chosen files of versions whose lists are in pages. Patterns are in no bundle, so these run on Deno alone.
import { assertEquals, assertMatch } from "@std/assert";
import { compareUtf8 } from "../../../core/bytes/bytes.ts";
import type { FileToSave } from "../../../core/materializer.ts";
import { pathsBelow } from "../../../disk/paths_below.ts";
import { openRegistry } from "../../../mod.ts";
import { withoutWholeLists, withSmallPages } from "../../simulate/small_pages.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { fileSet } from "../protocol_world.ts";
import { rejected } from "../rejected.ts";

const FOLDERS = ["a", "b", "b/c", "d", "e"];
const FILES = ["a-", "a-a", "b-", "a/1.txt", "a/2.bin", "b/1.bin", "b/c/2.txt", "d/3.bin"];

async function* toSave(): AsyncGenerator<FileToSave> {
  const modifiedAt = "2020-01-02T03:04:05.000Z";
  for (const path of await Promise.resolve(FOLDERS)) {
    yield { path, content: new Uint8Array(), mode: "folder", modifiedAt };
  }
  for (const path of FILES) yield { path, content: new TextEncoder().encode(path) };
}

testInRoot("patterns choose among pages, and folders with chosen files", async (root) => {
  const paged = withSmallPages(await openRegistry("memory:"));
  await paged.save("m", toSave, { as: { ...fileSet, id: "folder" } });
  const registry = withoutWholeLists(paged);
  const to = root.join("some");
  const { files } = await registry.download("m", { to, include: "*.txt" });
  const found = (await Array.fromAsync(pathsBelow(to))).sort(compareUtf8);
  assertEquals(found, ["a", "a/1.txt", "b", "b/c", "b/c/2.txt"]);
  assertEquals(files, 5);
  assertEquals(await Deno.readTextFile(`${to}/b/c/2.txt`), "b/c/2.txt");
  const error = await rejected("NotFound", registry.download("m", { to, include: "*.no" }));
  assertMatch(error.message, /select no file/);
});
