// Differences between versions whose lists are in pages.
import { assertEquals, assertGreater } from "@std/assert";
import type { FileToSave } from "../../../core/materializer.ts";
import { createMemoryBackend, diffVersions, openRegistry, type Registry } from "../../../mod.ts";
import { createRandom } from "../../simulate/random.ts";
import { listKeys, withoutWholeLists, withSmallPages } from "../../simulate/small_pages.ts";
import { fileSet } from "../protocol_world.ts";
import { rejected } from "../rejected.ts";
import { createScriptedBackend, nothing } from "../scripted_backend.ts";

const AS = { as: { ...fileSet, id: "folder" } };

/** Files of folders that may be listed themselves, in any order. */
function someFiles(random: { next(): number }): FileToSave[] {
  const pick = (most: number) => Math.floor(random.next() * most);
  const files = new Map<string, FileToSave>();
  for (let n = 10 + pick(60); n >= 0; n--) {
    const folder = ["a", "a-", "a/b", "é", "z"][pick(5)]!;
    if (pick(4) === 0) {
      files.set(folder, { path: folder, mode: "folder", content: new Uint8Array() });
    }
    const path = `${folder}/${"xyz"[pick(3)]}${pick(20)}`;
    if (pick(4) > 0) files.set(path, { path, content: new TextEncoder().encode(`${pick(12)}`) });
  }
  return [...files.values()];
}

async function saveBoth(registry: Registry, both: readonly FileToSave[][]): Promise<void> {
  for (const files of both) {
    await registry.save("m", async function* () {
      yield* await Promise.resolve(files);
    }, AS);
  }
}

Deno.test("versions in pages differ by the same files as others, and are not held", async () => {
  const refs = { before: "m@1", after: "m@2" };
  let differing = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const random = createRandom(seed);
    const first = someFiles(random);
    const second = seed % 3 === 0 ? someFiles(random) : first.filter(() => random.next() < 0.8);
    const plain = await openRegistry("memory:");
    const paged = withSmallPages(await openRegistry("memory:"));
    await saveBoth(plain, [first, second]);
    await saveBoth(paged, [first, second]);
    withoutWholeLists(paged);
    const expected = await diffVersions(plain, refs), found = await diffVersions(paged, refs);
    assertEquals([found.files, found.unchanged], [expected.files, expected.unchanged]);
    differing += found.files.length;
  }
  assertGreater(differing, 100);
});

Deno.test("a page that is missing ends a comparison with an error that names it", async () => {
  const backend = createScriptedBackend(createMemoryBackend());
  const registry = withSmallPages(await openRegistry(backend));
  const files = someFiles(createRandom(5));
  await saveBoth(registry, [files, files.slice(1)]);
  const page = (await listKeys(registry, "m@1")).at(-1)!;
  backend.answerAll({ key: new RegExp(page) }, nothing);
  const error = await rejected(
    "Corrupt",
    diffVersions(registry, { before: "m@1", after: "m@2" }),
  );
  assertEquals(error.key, page);
});
