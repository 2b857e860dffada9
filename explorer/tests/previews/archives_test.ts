import { assert, assertEquals, assertRejects } from "@std/assert";
import { listArchive } from "../../src/previews/archives/list_archive.ts";
import { contentBytes } from "../../../formats/content/content.ts";
import { tar, tgz } from "../../../formats/mod.ts";
import { fakeFile } from "../support/fake_file.ts";
import { hostileFiles } from "../support/hostile.ts";
import { sampleFiles } from "../support/samples.ts";
import { slowTest } from "../../../tests/support/seeds.ts";

const samples = await sampleFiles(1);
const PATHS = ["plates/A01.txt", "plates/<b>x</b>.txt"];

Deno.test("zip, tar and tgz list the same entries", async () => {
  for (const name of ["plates.zip", "plates.tar", "plates.tgz"]) {
    const { entries, end } = await listArchive(fakeFile(name, samples.get(name)!));
    assertEquals(entries.map(({ path, kind, size }) => [path, kind, size]), [
      [PATHS[0], "file", 2000],
      [PATHS[1], "file", 1],
    ], name);
    assertEquals(end, undefined);
  }
});

slowTest(
  "a tar file of many entries is listed in part, and one of a large entry by its headers",
  async () => {
    const entries = Array.from(
      { length: 2100 },
      (_, i) => ({ path: `${i}`, content: new Uint8Array(1) }),
    );
    const bytes = await contentBytes(await tar().encode(entries));
    const listed = await listArchive(fakeFile("many.tar", bytes));
    assertEquals([listed.entries.length, listed.end], [2000, "Listed up to entry 2000"]);

    const large = {
      path: "large",
      content: { size: 8e6, stream: () => new Blob([new Uint8Array(8e6)]).stream() },
    };
    const file = fakeFile(
      "large.tar",
      await contentBytes(await tar().encode([large, entries[0]!])),
    );
    assertEquals((await listArchive(file)).entries.map(({ path }) => path), ["large", "0"]);
    assert(file.bytesRead() < 512 * 1024, `${file.bytesRead()}`);
  },
);

Deno.test("an archive that ends early lists what it has", async () => {
  const bytes = samples.get("plates.tar")!;
  const { entries, end } = await listArchive(fakeFile("cut.tar", bytes.subarray(0, 1024 + 2048)));
  assertEquals(entries.length, 1);
  assert(end?.startsWith("The list ends here"), end);
  await assertRejects(() => listArchive(fakeFile("not.tar", new Uint8Array(2000).fill(7))));
});

slowTest("a compressed tar file is unpacked in small pieces", async () => {
  const noughts = { path: "noughts", content: new Uint8Array(64 * 1024 ** 2) };
  const small = { path: "small", content: new Uint8Array(1) };
  const bytes = await contentBytes(await tgz().encode([small, noughts]));
  const Real = DecompressionStream;
  let largest = 0;
  globalThis.DecompressionStream = class {
    readable: ReadableStream<Uint8Array<ArrayBuffer>>;
    writable: WritableStream<BufferSource>;
    constructor(format: CompressionFormat) {
      const watched = new TransformStream<BufferSource, BufferSource>({
        transform(piece, controller) {
          largest = Math.max(largest, piece.byteLength);
          controller.enqueue(piece);
        },
      });
      this.writable = watched.writable;
      this.readable = watched.readable.pipeThrough(new Real(format));
    }
  };
  try {
    const { entries, end } = await listArchive(fakeFile("a.tgz", bytes));
    assertEquals([entries[0]?.path, end], ["small", "Only the first 32 MiB are unpacked"]);
  } finally {
    globalThis.DecompressionStream = Real;
  }
  assert(largest > 0 && largest <= 16_384, `${largest}`);
});

slowTest("a zip bomb is listed with the size that it declares, and not unpacked", async () => {
  const { bytes } = hostileFiles().find(({ path }) => path === "bomb.zip")!;
  const file = fakeFile("bomb.zip", bytes);
  const { entries } = await listArchive(file);
  assertEquals(entries.map(({ size }) => size), [4_000_000_000]);
  assert(file.bytesRead() < 256 * 1024);
});
