import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { type ArchiveEntry, type EntryToSave, zip } from "../../../formats/archive.ts";
import { fileOf } from "../image_files.ts";
import {
  assertFails,
  assertRefused,
  bytesOf,
  fromBase64,
  listed,
  outcomeOf,
  packed,
  patched,
  placeOf,
  textOf,
} from "./archive_files.ts";
import { slowTest } from "../../support/seeds.ts";

const CENTRAL = "PK\x01\x02";
const END = "PK\x05\x06";

/** Written by `zipfile` to a file that cannot seek: sizes stand behind the bytes; with a comment. */
const STREAMED = fromBase64(`
  UEsDBBQACAgIAP1KdV0AAAAAAAAAAAAAAAAIAAAAYS/DvC50eHSrqBgFo2AUDHcAAFBLBwjmyUE7CwAAAOgDAABQSwMEFAAIAAAA/Up1XQAAAAAAAAAA
  AAAAAAEAAABjc3RvcmVkUEsHCAv5Q1YGAAAABgAAAFBLAQIUAxQACAgIAP1KdV3myUE7CwAAAOgDAAAIAAAAAAAAAAAAAACAAQAAAABhL8O8LnR4dFBL
  AQIUAxQACAAAAP1KdV0L+UNWBgAAAAYAAAABAAAAAAAAAAAAAACAAUEAAABjUEsFBgAAAAACAAIAZQAAAHYAAAAJAGEgY29tbWVudA==`);
/** Written by `zipfile` with sizes of 64 bits. */
const SIZES_OF_64_BITS = fromBase64(`
  UEsDBC0AAAAAAAAAIQCGphA2//////////8DABQAYmlnAQAQAAUAAAAAAAAABQAAAAAAAABoZWxsb1BLAwQUAAAAAAAAACEAAAAAAAAAAAAAAAAABwAA
  AGZvbGRlci9QSwECLQMtAAAAAAAAACEAhqYQNgUAAAAFAAAAAwAAAAAAAAAAAAAAgAEAAAAAYmlnUEsBAhQDFAAAAAAAAAAhAAAAAAAAAAAAAAAAAAcA
  AAAAAAAAAAAQAP9BOgAAAGZvbGRlci9QSwUGAAAAAAIAAgBmAAAAXwAAAAAA`);

const SMALL: EntryToSave[] = [
  { path: "a.txt", content: bytesOf("first") },
  { path: "plate/run", content: bytesOf("x".repeat(50)), mode: "executable" },
  { path: "plate/newest", content: bytesOf("../a.txt"), mode: "link" },
  { path: "empty", mode: "folder" },
];

Deno.test("zip: files, links and folders come back in their order, packed or stored, and again from what was read", async () => {
  const meant = [
    "file a.txt: first",
    `executable plate/run: ${"x".repeat(50)}`,
    "link plate/newest: ../a.txt",
    "folder empty: ",
  ];
  for (const compress of [true, false]) {
    const bytes = await packed(zip({ compress }), SMALL);
    assertEquals(await listed(zip(), bytes), meant);
    assertEquals(
      await packed(zip({ compress }), await zip().decode(fileOf(bytes))),
      await packed(zip({ compress }), SMALL),
    );
  }
});

Deno.test("zip: whatever bytes there are come back, in whatever form they were given", async () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(bytes, fc.nat({ max: 3 })), { maxLength: 5 }),
      fc.boolean(),
      async (files, compress) => {
        const forms = [
          (bytes: Uint8Array) => bytes,
          (bytes: Uint8Array) => new Blob([bytes.slice()]),
          (bytes: Uint8Array) => new Blob([bytes.slice()]).stream(),
          (bytes: Uint8Array) => ({
            size: bytes.byteLength,
            stream: () => new Blob([bytes.slice()]).stream(),
          }),
        ];
        const given = files.map(([bytes, form], i) => ({
          path: `f${i}`,
          content: forms[form](bytes),
        }));
        const entries = await zip().decode(fileOf(await packed(zip({ compress }), given)));
        const found = await Promise.all(entries.map((entry) => entry.bytes()));
        assertEquals(found.map((bytes) => [...bytes]), files.map(([bytes]) => [...bytes]));
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("zip: equal entries make equal archives", async () => {
  assertEquals(await packed(zip(), SMALL), await packed(zip(), SMALL));
});

Deno.test("zip: what other programs write is read: sizes behind the bytes, of 64 bits, a comment, folders", async () => {
  assertEquals(await listed(zip(), STREAMED), [
    `file a/ü.txt: ${"x".repeat(1000)}`,
    "file c: stored",
  ]);
  assertEquals(await listed(zip(), SIZES_OF_64_BITS), ["file big: hello", "folder folder: "]);
  assertEquals(await listed(zip(), await packed(zip(), [])), []);
});

Deno.test("zip: loading reads the directory alone, and an entry or a range of it is read alone", async () => {
  const content = new Uint8Array(60_000).map((_, i) => i * i % 251);
  const entries = Array.from({ length: 5 }, (_, i) => ({ path: `f${i}`, content }));
  const file = fileOf(concatBytes([await packed(zip({ compress: false }), entries)]));
  const found = await zip().decode(file);
  assert(file.read < 70_000, `${file.read}`);
  file.read = 0;
  assertEquals(await found[1].bytes(), content);
  assert(file.read < 61_000, `${file.read}`);
  file.read = 0;
  assertEquals(await readRange(found[3], 59_990, 20), content.slice(59_990));
  assertEquals(await readRange(found[3], 7, 5), content.slice(7, 12));
  assertEquals(await readRange(found[3], 60_000, 5), new Uint8Array());
  assert(file.read < 200, `${file.read}`);
  const small = await zip().decode(fileOf(await packed(zip(), SMALL)));
  assertEquals(textOf(await readRange(small[0], 1, 3)), "irs");
  assertEquals(textOf(await readRange(small[1], 48, 30)), "xx");
});

async function readRange(entry: ArchiveEntry, offset: number, length: number): Promise<Uint8Array> {
  return new Uint8Array(
    await new Response(entry.stream({ offset, length }) as ReadableStream<Uint8Array<ArrayBuffer>>)
      .arrayBuffer(),
  );
}

Deno.test("zip: entries may come one by one, and what is wrong with one ends the writing", async () => {
  async function* entries() {
    yield* SMALL;
  }
  assertEquals(await packed(zip(), entries()), await packed(zip(), SMALL));
  const reason = new Error("no more");
  const failing = new ReadableStream({ pull: (controller) => controller.error(reason) });
  assertEquals(await outcomeOf(() => packed(zip(), [{ path: "a", content: failing }])), reason);
  const long = { size: 2, stream: () => new Blob(["abc"]).stream() };
  assert(
    isRegistryError(
      await outcomeOf(() => packed(zip(), [{ path: "a", content: long }])),
      "Invalid",
    ),
  );
});

Deno.test("zip: what an archive cannot hold is refused: paths, links and values that are none", async () => {
  const content = new Uint8Array();
  for (const path of ["/a", "../a", "a/../b", "a//b", "./a", "a/", "C:/a", "a\\b", "", "a\0"]) {
    await assertRefused(zip(), [{ path, content }], /path/);
    assertEquals(zip().accepts([{ path, content }]), false);
  }
  for (const target of ["/etc/passwd", "..", "../../a", "", "x".repeat(5000)]) {
    await assertRefused(
      zip(),
      [{ path: "l", mode: "link", content: bytesOf(target) }],
      /link|outside|target/,
    );
  }
  async function* twice() {
    yield* [SMALL[0], SMALL[0]];
  }
  await assertRefused(zip(), twice(), /duplicate/);
  await assertRefused(zip(), [{ path: "a/b", content }, { path: "a", content }], /below/);
  await assertRefused(zip(), [{ path: "a", content: "text" }], /no content/);
  await assertRefused(zip(), [{ path: "a", mode: "folder", content }], /has bytes/);
  await assertRefused(zip(), [{ path: "a", mode: "device", content }], /unknown mode/);
  for (const value of ["text", content, { a: 1 }, null, 7]) {
    assertEquals(zip().accepts(value), false);
  }
  assertEquals(zip().accepts(SMALL), true);
});

Deno.test("zip: paths that lead out of a folder, and links that do, are Corrupt", async () => {
  const bytes = await packed(zip({ compress: false }), [{ path: "aa/b", content: bytesOf("x") }]);
  for (const path of ["../b", "/a/b", "a\\.b", "a:/b", "a/..", "a\0/b", "//ab", "C:\\b"]) {
    const both = patched(
      patched(bytes, 30, ...bytesOf(path)),
      placeOf(bytes, CENTRAL) + 46,
      ...bytesOf(path),
    );
    await assertFails(zip(), both, /path/);
  }
  const link = await packed(zip(), [{ path: "a/l", mode: "link", content: bytesOf("../b/c") }]);
  const text = placeOf(link, "../b/c");
  await assertFails(zip(), patched(link, text, ...bytesOf("../../")), /CRC|outside/);
});

Deno.test("zip: what stands twice, or below a file, is Corrupt", async () => {
  const two = await packed(zip({ compress: false }), [{ path: "aa", content: bytesOf("1") }, {
    path: "ab",
    content: bytesOf("2"),
  }]);
  await assertFails(
    zip(),
    patched(two, placeOf(two, "ab", placeOf(two, CENTRAL)), ...bytesOf("aa")),
    /duplicate/,
  );
  const below = await packed(zip({ compress: false }), [{ path: "a", content: bytesOf("1") }, {
    path: "bcd",
    content: bytesOf("2"),
  }]);
  await assertFails(
    zip(),
    patched(below, placeOf(below, "bcd", placeOf(below, CENTRAL)), ...bytesOf("a/d")),
    /below/,
  );
});

Deno.test("zip: a flipped bit of the bytes is found by their sum, and bytes that are missing or too many are", async () => {
  const stored = await packed(zip({ compress: false }), [{ path: "a", content: bytesOf("hello") }]);
  await assertFails(zip(), patched(stored, placeOf(stored, "hello"), 0x69), /CRC-32/);
  const deflated = await packed(zip(), [{ path: "a", content: new Uint8Array(1000) }]);
  await assertFails(zip(), patched(deflated, 31, 0xff), /damaged/);
  const central = placeOf(deflated, CENTRAL);
  // The header before the bytes leaves the sizes to what stands behind them.
  const later = (size: number) =>
    patched(patched(deflated, 6, 8, 8), central + 24, size & 255, size >> 8);
  await assertFails(zip(), later(999), /more bytes, expected 999/);
  await assertFails(zip(), later(1001), /1000 bytes, expected 1001/);
});

Deno.test("zip: the header before the bytes must match the directory", async () => {
  const bytes = await packed(zip({ compress: false }), [{ path: "a", content: bytesOf("hello") }]);
  for (
    const [at, value] of [[0, 1], [6, 1], [8, 8], [14, 1], [18, 9], [22, 9], [26, 2], [28, 200], [
      30,
      98,
    ]]
  ) {
    await assertFails(zip(), patched(bytes, at, value), /differs from the directory/);
  }
});

Deno.test("zip: what is packed in a way that is not read here is Unsupported", async () => {
  const bytes = await packed(zip({ compress: false }), [{ path: "a", content: bytesOf("hello") }]);
  const central = placeOf(bytes, CENTRAL);
  const end = placeOf(bytes, END);
  const cases: [Uint8Array, RegExp][] = [
    [patched(bytes, central + 8, 1), /encrypted/],
    [patched(bytes, central + 9, 0x28), /encrypted/],
    [patched(bytes, central + 10, 12), /method 12/],
    [patched(bytes, central + 34, 1), /split/],
    [patched(bytes, end + 4, 1), /split/],
    [patched(bytes, central + 41, 0x20), /device/],
    [patched(patched(bytes, central + 46, 0xff), central + 8, 0, 0), /UTF-8/],
  ];
  for (const [content, says] of cases) {
    await assertFails(zip(), content, says, "Unsupported");
  }
});

Deno.test("zip: a misplaced, cut or duplicate directory is Corrupt", async () => {
  const bytes = await packed(zip({ compress: false }), [{ path: "a", content: bytesOf("hello") }]);
  const central = placeOf(bytes, CENTRAL);
  const end = placeOf(bytes, END);
  const corrupt = [
    new Uint8Array(),
    bytes.slice(0, -1),
    bytes.slice(1),
    concatBytes([bytes, Uint8Array.of(0)]),
    concatBytes([Uint8Array.of(0), bytes]),
    patched(bytes, end + 10, 2),
    patched(bytes, end + 10, 0),
    patched(bytes, central, 1),
    patched(bytes, central + 28, 200),
    patched(bytes, central + 46, 0xff),
    patched(bytes, central + 42, 1),
    patched(bytes, central + 20, 99),
    patched(patched(bytes, central + 24, 255, 255, 255, 255), end + 0, 0x50),
    concatBytes([patched(bytes, end + 20, 22), new TextEncoder().encode(END), new Uint8Array(18)]),
  ];
  for (const content of corrupt) await assertFails(zip(), content);
});

Deno.test("zip: entries that share bytes are Corrupt, for a small file would mean a very large one", async () => {
  const entries = ["a", "b"].map((path) => ({ path, content: bytesOf("hello") }));
  const bytes = await packed(zip({ compress: false }), entries);
  const second = placeOf(bytes, CENTRAL, placeOf(bytes, CENTRAL) + 1);
  await assertFails(zip(), patched(bytes, second + 42, 0), /overlaps/);
});

slowTest(
  "zip: an archive that declares more than the limit is refused before it is read",
  async () => {
    const bytes = await packed(zip(), [{ path: "a", content: new Uint8Array(100_000) }, {
      path: "b",
      content: bytesOf("b"),
    }]);
    await assertFails(zip({ maxEntries: 1 }), bytes, /2 entries, 1 are allowed/, "Unsupported");
    await assertFails(
      zip({ maxBytes: 100_000 }),
      bytes,
      /100001 bytes, 100000 are allowed/,
      "Unsupported",
    );
    const central = placeOf(bytes, CENTRAL);
    await assertFails(
      zip(),
      patched(bytes, central + 24, 0, 0, 0, 0x10),
      /cannot have 268435456 bytes/,
    );
    const zeros = await packed(zip(), [{ path: "a", content: new Uint8Array(65 * 1024 * 1024) }]);
    await assertFails(zip(), zeros, /200 times/, "Unsupported");
    assertEquals((await zip({ maxRatio: 1032 }).decode(fileOf(zeros))).length, 1);
  },
);

slowTest(
  "zip: a directory that is much longer than its entries need is refused before it is read",
  async () => {
    const bytes = await packed(zip(), [{ path: "a", content: bytesOf("hello") }]);
    const [central, end] = [placeOf(bytes, CENTRAL), placeOf(bytes, END)];
    const commented = (length: number) => {
      const record = patched(bytes.slice(central, end), 32, length & 255, length >> 8);
      const size = record.byteLength + length;
      const last = patched(bytes.slice(end), 12, size & 255, size >> 8);
      return concatBytes([bytes.slice(0, central), record, new Uint8Array(length), last]);
    };
    assertEquals(await listed(zip({ maxEntries: 1 }), commented(900)), ["file a: hello"]);
    assertEquals(await listed(zip(), commented(2000)), ["file a: hello"]);
    await assertFails(
      zip({ maxEntries: 1 }),
      commented(2000),
      /directory has 2047 bytes/,
      "Unsupported",
    );
  },
);

Deno.test("zip: a reader that has read enough of an entry closes the file below", async () => {
  const content = new Uint8Array(3_000_000).map((_, i) => i * i % 251);
  for (const compress of [true, false]) {
    const file = fileOf(await packed(zip({ compress }), [{ path: "a", content }]));
    let closed = 0;
    const stream: typeof file.stream = (range) => {
      const reader = file.stream(range).getReader();
      return new ReadableStream({
        async pull(controller) {
          const { value } = await reader.read();
          if (value === undefined) return controller.close();
          controller.enqueue(value);
        },
        cancel: () => void closed++,
      }, { highWaterMark: 0 });
    };
    const [entry] = await zip().decode(file);
    const [slow] = await zip().decode({ ...file, stream });
    assertEquals(entry.size, slow.size);
    closed = 0;
    const reader = slow.stream().getReader();
    await reader.read();
    await reader.cancel();
    assertEquals(closed, 1);
  }
});
