// Lists of files in pages: every file is read back, and a damaged page is an error, never a shorter
// list.
import { assert, assertEquals, assertGreater, assertLessOrEqual, assertMatch } from "@std/assert";
import { compareUtf8 } from "../../../core/bytes/bytes.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { dividedPages, encodePage, PAGE_LIMITS } from "../../../registry/format/file_pages.ts";
import type { FilePage } from "../../../core/record.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { createRandom } from "../../simulate/random.ts";
import { fileSet, filler } from "../protocol_world.ts";
import { keysOf } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { listKeys, listOf, SMALL_PAGES, withSmallPages } from "../../simulate/small_pages.ts";
import { slowTest } from "../../support/seeds.ts";

const AS = { as: fileSet };

/** Paths whose order by characters differs from that by UTF-16, and that begin alike. */
const WORDS = ["a", "b", "é", "\u{1f98a}", "\uffef", "\ue000", "a b", "z".repeat(90), "0", '"'];

function randomFiles(seed: number): Record<string, Uint8Array<ArrayBuffer>> {
  const random = createRandom(seed);
  const pick = (most: number) => Math.floor(random.next() * most);
  const files: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (let n = pick(60); n >= 0; n--) {
    const depth = 1 + pick(3);
    const path = Array.from({ length: depth }, () => WORDS[pick(WORDS.length)]!).join("/");
    const size = [0, 1, 50, 3_000, 20_000][pick(5)]!;
    files[`${path} ${pick(40)}`] = filler(`${seed} ${pick(20)}`, size);
  }
  return files;
}

Deno.test("any files are read back from pages, sorted by path, one by one and together", async () => {
  for (let seed = 0; seed < 12; seed++) {
    const backend = createMemoryBackend();
    const registry = withSmallPages(await openRegistry(backend));
    const files = randomFiles(seed);
    const { digest } = await registry.save("m", files, AS);
    const plain = await openRegistry("memory:");
    assertEquals((await plain.save("m", files, AS)).digest, digest);
    const paths = Object.keys(files).sort(compareUtf8);
    const { list, record } = await listOf(registry, "m");
    if (record.fileList?.levels === undefined) {
      assertEquals(record.format, "holdfast/1");
      continue;
    }
    assertEquals([record.format, record.fileList.files], ["holdfast/1-pages", paths.length]);
    assertEquals(await registry.load("m", AS), files);
    assertEquals((await registry.info("m")).files.map(({ path }) => path), paths);
    assertEquals((await Array.fromAsync(list.slices())).flat().map(({ path }) => path), paths);
    for (const path of paths) {
      const found = await list.find(path);
      assertEquals([found?.path, found?.size], [path, files[path]!.byteLength]);
      for (const other of [`${path}!`, path.slice(0, -1), `\u{10ffff}${path}`]) {
        assertEquals((await list.find(other))?.path, other in files ? other : undefined);
      }
    }
    const from = paths[seed % paths.length]!;
    const rest = (await Array.fromAsync(list.slices({ after: from }))).flat();
    assertEquals(
      rest.map(({ path }) => path).filter((path) => compareUtf8(path, from) >= 0),
      paths.slice(seed % paths.length),
    );
    assertEquals(await verifyRegistry(registry).then(({ problems }) => problems), []);
    const keys = await keysOf(backend, "objects/");
    await collectGarbage(registry, { now: true });
    assertEquals(await keysOf(backend, "objects/"), keys);
  }
});

slowTest("of a hundred million files, one is found in three pages of at most 2 MiB", () => {
  const file = (n: number) => ({
    path: `train/n${String(n % 20_000).padStart(8, "0")}/${String(n).padStart(12, "0")}.JPEG`,
    size: 100_000,
    sha256: "0".repeat(64),
    mediaType: "image/jpeg",
    from: `p9p9p9/01951e2f-6c00-7abc-8def-0123456789ab`,
    parts: [{ object: 10_000_000 + n, offset: 1_000_000, size: 100_000 }],
  });
  const most = PAGE_LIMITS.files * 4;
  const page = encodePage(Array.from({ length: most }, (_, n) => file(n)));
  const perPage = PAGE_LIMITS.files / 2; // the least
  const leaves = Array.from({ length: 1e8 / perPage }, (_, n): FilePage => ({
    first: file(n * perPage).path,
    files: perPage,
    bytes: 1,
    object: n,
    size: 1_000_000,
    sha256: "0".repeat(64),
  }));
  const index = dividedPages(leaves, PAGE_LIMITS);
  const above = index.map(({ content: _, ...facts }, object): FilePage => (
    { ...facts, object, size: 500_000, sha256: "0".repeat(64) }
  ));
  const root = dividedPages(above, PAGE_LIMITS);
  assertEquals(root.length, 1);
  const largest = Math.max(...index.map(({ content }) => content.byteLength));
  const files = Math.min(page.content.byteLength, PAGE_LIMITS.pageBytes * 1.25);
  assertLessOrEqual(files + largest + root[0]!.content.byteLength, 2 * 1024 * 1024);
});

Deno.test("a missing, damaged or foreign page is an error that names it", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 10 }, (_, n) => [`folder/${n}`, filler(`${n}`, 5_000)]),
  );
  const backend = createMemoryBackend();
  const registry = withSmallPages(await openRegistry(backend));
  await registry.save("m", files, AS);
  await registry.save("other", { ...files, more: filler("more", 5_000) }, AS);
  const keys = await listKeys(registry, "m");
  const others = await listKeys(registry, "other");
  assertGreater(keys.length, 5);
  const { record: { fileList } } = await listOf(registry, "m");
  assertGreater(fileList!.levels!, 1);
  const bytesOf = async (key: string) => (await (await backend.get(key))!.bytes()).slice();
  for (const [n, key] of keys.entries()) {
    const right = await bytesOf(key);
    const flipped = right.slice();
    flipped[flipped.byteLength >> 1]! ^= 1;
    const wrong = {
      missing: undefined,
      flipped,
      swapped: await bytesOf(keys[(n + 1) % keys.length]!),
      foreign: await bytesOf(others[0]!),
      short: right.subarray(0, -1),
      empty: new TextEncoder().encode("[]"),
    };
    for (const [what, bytes] of Object.entries(wrong)) {
      if (bytes === undefined) await backend.delete(key);
      else await backend.put(key, bytes);
      const error = await rejected("Corrupt", registry.open("m"));
      assertEquals(error.key, key, what);
      await rejected("Corrupt", registry.load("m", AS));
      const stored = await keysOf(backend);
      const report = await collectGarbage(registry, { now: true });
      assertMatch(report.failures.map(({ key }) => key).join(), /names\/m|objects\/m/);
      assertEquals(
        (await keysOf(backend)).filter((key) => key.startsWith("objects/")),
        stored.filter((key) => key.startsWith("objects/")),
        what,
      );
    }
    await backend.put(key, right);
  }
  assertEquals(await registry.load("m", AS), files);
});

Deno.test("a version is divided only if its list is long, and small ones are stored as before", async () => {
  const backend = createMemoryBackend();
  const registry = await openRegistry(backend);
  const files = Object.fromEntries(
    Array.from({ length: 3_000 }, (_, n) => [`folder/${n}`, filler(`${n}`, 40)]),
  );
  await registry.save("m", files, AS);
  const { record } = await listOf(registry, "m");
  assertEquals([record.format, record.fileList?.levels], ["holdfast/1", undefined]);
  assert(record.fileList !== undefined);
  const limits = { ...SMALL_PAGES, listBytes: record.fileList.size };
  withSmallPages(registry, limits);
  await registry.save("n", files, AS);
  assertEquals((await listOf(registry, "n")).record.fileList?.levels, undefined);
  withSmallPages(registry, { ...limits, listBytes: limits.listBytes - 1 });
  await registry.save("o", files, AS);
  assertGreater((await listOf(registry, "o")).record.fileList!.levels!, 1);
});

Deno.test("a list of 5 MB is in pages, so that a reader holds some of its files", async () => {
  const registry = await openRegistry(createMemoryBackend());
  const folder = Array.from({ length: 4 }, () => "x".repeat(200)).join("/");
  const files = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, n) => [`${folder}/${n}`, filler(`${n % 7}`, 4)]),
  );
  await registry.save("m", files, AS);
  assertEquals((await listOf(registry, "m")).record.fileList?.levels, 1);
});
