// Sizes of archives, which are known before they are written, and ZIP files that need 64 bits.
import { assertEquals } from "@std/assert";
import { bytesStream, concatBytes } from "../../../core/bytes/bytes.ts";
import { zip } from "../../../formats/archive.ts";
import { tarSize, writeTar } from "../../../formats/archive/tar_write.ts";
import type { WrittenEntry } from "../../../formats/archive/written_entries.ts";
import { writeZip, zipSize } from "../../../formats/archive/zip_write.ts";
import { fileOf } from "../image_files.ts";
import { bytesOf, packed } from "./archive_files.ts";
import { slowTest } from "../../support/seeds.ts";

async function* listOf(entries: readonly WrittenEntry[]): AsyncGenerator<WrittenEntry> {
  yield* entries;
}

/** Content of zeros, which is only read as far as somebody asks. */
const zeros = (size: number) => ({ size, stream: () => bytesStream(new Uint8Array(size)) });

const ENTRIES: WrittenEntry[] = [
  { path: "a", content: bytesOf("first") },
  { path: "empty", content: new Uint8Array(), modifiedAt: new Date("2021-03-04T05:06:07Z") },
  { path: "before 1970", content: bytesOf("x"), modifiedAt: new Date(-1e13) },
  { path: "after 2107", content: bytesOf("x"), modifiedAt: new Date("2200-01-01T00:00:00Z") },
  { path: "ü".repeat(80), content: zeros(511) },
  { path: `long/${"a".repeat(200)}`, content: zeros(100_000) },
  { path: "run", content: zeros(512), mode: "executable" },
  { path: "link", content: bytesOf("a"), mode: "link" },
  { path: "folder", content: new Uint8Array(), mode: "folder" },
];

Deno.test("an archive has the size that was computed for its entries", async () => {
  for (const count of [0, 1, ENTRIES.length]) {
    const entries = ENTRIES.slice(0, count);
    const tar = concatBytes(await Array.fromAsync(writeTar(listOf(entries))));
    assertEquals(await tarSize(entries), tar.byteLength, `tar of ${count}`);
    for (const wholeBytes of [0, 1000, 1_000_000]) {
      const options = { compress: false, wholeBytes };
      const bytes = concatBytes(await Array.fromAsync(writeZip(listOf(entries), options)));
      assertEquals(await zipSize(entries, options), bytes.byteLength, `zip ${count} ${wholeBytes}`);
    }
  }
});

slowTest("a ZIP file of 66,000 entries ends with numbers of 64 bits, and is read", async () => {
  const entries = Array.from({ length: 66_000 }, (_, i): WrittenEntry => {
    return { path: `${i}`, content: new Uint8Array() };
  });
  const bytes = await packed(zip({ compress: false }), entries);
  assertEquals(await zipSize(entries), bytes.byteLength);
  const records = await zip().decode(fileOf(bytes));
  assertEquals([records.length, records.at(-1)?.path], [66_000, "65999"]);
});

Deno.test("a file above 4 GiB has headers of 64 bits, and so have the files after it", async () => {
  const GIB = 1024 ** 3;
  const large = { path: "large", content: { ...zeros(0), size: 5 * GIB } };
  const small = { path: "small", content: bytesOf("x") };
  const [header] = await Array.fromAsync(firstOf(writeZip(listOf([large]), { compress: false })));
  const view = new DataView(header!.buffer, header!.byteOffset);
  assertEquals([view.getUint16(4, true), view.getUint32(18, true)], [45, 0xffffffff]);
  const local = 30 + 5, wide = 4 + 16, descriptor = 24, central = 46 + 5;
  assertEquals(
    await zipSize([large, small]),
    local + wide + 5 * GIB + descriptor + local + 1 +
      central + wide + central + 12 + 98, // the offset of the second one needs 64 bits too
  );
});

/** Yields the first item only. */
async function* firstOf<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const item of items) return void (yield item);
}
