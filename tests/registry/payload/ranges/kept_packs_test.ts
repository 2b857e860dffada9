// Small files of few packs are read by few requests, in whatever order they were saved.
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import type { Backend, Registry } from "../../../../mod.ts";
import type { ByteRange } from "../../../../core/backend.ts";
import type { FileToSave } from "../../../../core/materializer.ts";
import { readThrough } from "../../../../core/work/read_through.ts";
import { listKeys, withSmallPages } from "../../../simulate/small_pages.ts";
import { keysOf, noise } from "../../registries.ts";

const COUNT = 200, KIB = 1024;
const PAGES = { listBytes: 1000, files: 100, pageBytes: 100_000, indexBytes: 20_000 };
const pathOf = (n: number) => `${1000 + n}`;

/** A memory backend that counts what is got. */
function counted() {
  const inner = createMemoryBackend();
  const got = { gets: 0, bytes: 0 };
  const get: Backend["get"] = async (key, options) => {
    const object = await inner.get(key, options);
    const { offset = 0, length = Infinity }: Partial<ByteRange> = options?.range ?? {};
    got.gets++;
    got.bytes += Math.min(length, (object?.info.size ?? 0) - offset);
    return object;
  };
  return { backend: { ...inner, get } satisfies Backend, got };
}

const saving = (files: readonly FileToSave[]) => ({
  id: "folder",
  formatVersion: 1,
  load: () => 0,
  save: () => [...files],
});

/** Saves files in an order that is not that of their paths. */
async function shuffled(sizeKib: number, { pages = true, count = COUNT } = {}) {
  const { backend, got } = counted();
  const opened = await openRegistry(backend, { cache: false });
  const registry = pages ? withSmallPages(opened, PAGES) : opened;
  const files = Array.from({ length: count }, (_, n) => n * 37 % count).map((n) => ({
    path: pathOf(n),
    content: noise(sizeKib * KIB, n),
  }));
  await registry.save("set", 0, { as: saving(files) });
  const listed = pages ? await listKeys(registry, "set") : [];
  const packs = (await keysOf(backend, "objects/")).length - listed.length;
  Object.assign(got, { gets: 0, bytes: 0 });
  return { registry, backend, got, files, packs, listed: listed.length };
}

/** Downloads a version, and returns the content of a path. */
async function downloaded(registry: Registry, path: string): Promise<Uint8Array> {
  const folder = await Deno.makeTempDir();
  try {
    await registry.download("set", { to: join(folder, "set") });
    return await Deno.readFile(join(folder, "set", path));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a download reads each pack once for a page that has many files of it", async () => {
  const { registry, got, packs, listed, files } = await shuffled(250);
  assertEquals([packs, listed], [7, 2]);
  assertEquals(await downloaded(registry, files[5]!.path), files[5]!.content);
  // The list is read twice, and one file of a pack alone before the others.
  assert(got.gets <= 2 * listed + 2 * packs, `${got.gets} gets`);
});

Deno.test("packs that one page has read serve the next ones", async () => {
  const { registry, got, packs, listed, files } = await shuffled(20, { count: 1000 });
  assertEquals([packs, listed], [3, 7]);
  await downloaded(registry, files[5]!.path);
  const pages = listed - 1;
  assert(got.gets < 2 * listed + 2 * packs * pages, `${got.gets} gets`);
  assert(got.bytes < 2 * 1000 * 20 * KIB, `${got.bytes} bytes`);
});

Deno.test("a version that is read through reads each pack once", async () => {
  const { registry, got, packs, listed } = await shuffled(250);
  await readThrough(await registry.open("set"));
  assert(got.gets <= 1 + listed + 2 * packs, `${got.gets} gets`);
});

Deno.test("files that a save changed here and there do not evict the pack of the others", async () => {
  const { registry, got, files } = await shuffled(30, { pages: false });
  const changed = files.map((file, n) => n % 3 === 0 ? { ...file, content: noise(999, n) } : file);
  await registry.save("set", 0, { as: saving(changed) });
  Object.assign(got, { gets: 0, bytes: 0 });
  await readThrough(await registry.open("set"));
  assert(got.gets <= 10, `${got.gets} gets`);
  const artifact = await registry.open("set");
  Object.assign(got, { gets: 0, bytes: 0 });
  for (const { info: { path } } of artifact.files()) await artifact.file(path).bytes();
  assert(got.gets <= 6, `${got.gets} gets`);
});

Deno.test("the first file of a pack is read alone", async () => {
  const { registry, got } = await shuffled(30, { pages: false });
  const artifact = await registry.open("set");
  const [first] = artifact.files();
  got.bytes = 0;
  await first!.bytes();
  assertEquals(got.bytes, 30 * KIB);
});

Deno.test("bytes of an unlucky order of reads stay near those of the files", async () => {
  const { registry, got, files } = await shuffled(250);
  const artifact = await registry.open("set");
  const size = files.reduce((sum, { content }) => sum + content.byteLength, 0);
  got.bytes = 0;
  const paths = files.map(({ path }) => path);
  for (const step of [1, 41, 83]) {
    for (let n = 0; n < COUNT; n++) await artifact.file(paths[n * step % COUNT]).bytes();
  }
  assert(got.bytes < 5 * size, `${got.bytes / size} times the bytes`);
});

Deno.test("a pack that cannot be read at once is read file by file", async () => {
  const { registry, backend, files } = await shuffled(30, { pages: false });
  const { get } = backend;
  let failed = 0;
  backend.get = async (key, options) => {
    if (key.startsWith("objects/") && (options?.range?.length ?? 0) > 100 * KIB) {
      failed++;
      throw new Error("the connection was lost");
    }
    return await get(key, options);
  };
  const artifact = await registry.open("set");
  for (const { path, content } of files) {
    assertEquals(await artifact.file(path).bytes(), content);
  }
  assert(failed <= 10, `${failed} reads of packs`);
});

Deno.test("one lost connection or damaged file costs few reads of files alone", async () => {
  const { registry, backend, got, files } = await shuffled(10, { pages: false, count: 600 });
  const { get } = backend;
  const faults = [
    () => Promise.reject(new Error("the connection was lost")),
    (bytes: Uint8Array) => Promise.resolve(bytes.with(50 * KIB, bytes[50 * KIB]! ^ 1)),
  ];
  for (const fault of faults) {
    let isLeft = true;
    backend.get = async (key, options) => {
      const object = await get(key, options);
      if (!isLeft || object === undefined || (options?.range?.length ?? 0) < 100 * KIB) {
        return object;
      }
      isLeft = false;
      return { ...object, bytes: async () => await fault(await object.bytes()) };
    };
    const artifact = await registry.open("set");
    got.gets = 0;
    let wrong = 0;
    for (const { path } of files) await artifact.file(path).bytes().catch(() => wrong++);
    assert(wrong <= 1 && !isLeft, `${wrong} wrong files`);
    assert(got.gets <= 40, `${got.gets} gets`);
  }
});

Deno.test("a few files here and there of many packs are read alone", async () => {
  const { registry, got, packs, files } = await shuffled(80, { pages: false, count: 1000 });
  const artifact = await registry.open("set");
  got.bytes = 0;
  for (const n of Array.from({ length: 10 * packs }, (_, n) => (n * 307 + 5) % 1000)) {
    await artifact.file(files[n]!.path).bytes();
  }
  assert(got.bytes < 10 * packs * (80 + 256) * KIB, `${got.bytes / KIB} KiB`);
});
