import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import {
  decodeRecord,
  encodeRecord,
  TOMBSTONE_BYTES,
} from "../../../registry/format/record_codec.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { sampleRecords, versionInline } from "./sample_records.ts";
import { thrown } from "../../core/thrown.ts";

const encoded = sampleRecords.map((record) =>
  encodeRecord(record, record.kind === "version" ? [versionInline] : [])
);

function isCorrupt(bytes: Uint8Array): boolean {
  try {
    decodeRecord(bytes, "k");
    return false;
  } catch (error) {
    return isRegistryError(error, "Corrupt");
  }
}

Deno.test("a record with any bit of its first line flipped, or any byte replaced, is Corrupt", () => {
  const replacements = [0, 10, 13, 32, 34, 48, 97, 125]; // newline, space, quote, digit, letter, brace
  for (const original of encoded) {
    const end = original.indexOf(10);
    for (let place = 0; place <= end; place++) {
      const flipped = Array.from({ length: 8 }, (_, bit) => original[place] ^ (1 << bit));
      for (const byte of [...flipped, ...replacements.filter((byte) => byte !== original[place])]) {
        const damaged = original.slice();
        damaged[place] = byte;
        assert(
          isCorrupt(damaged),
          `byte ${place} of ${end + 1} changed from ${original[place]} to ${byte}`,
        );
      }
    }
  }
});

Deno.test("a record cut anywhere in its first line is Corrupt", () => {
  for (const original of encoded) {
    for (let length = 0; length <= original.indexOf(10); length++) {
      assert(isCorrupt(original.subarray(0, length)));
    }
  }
});

Deno.test("a record with a byte of its first line left out or one more put in is Corrupt", () => {
  for (const original of encoded) {
    for (let place = 0; place < original.indexOf(10); place++) {
      const [before, after] = [original.subarray(0, place), original.subarray(place)];
      assert(
        isCorrupt(Uint8Array.from([...before, ...after.subarray(1)])),
        `without byte ${place}`,
      );
      for (const extra of [0, 9, 10, 13, 32, 48, 0xff]) {
        assert(
          isCorrupt(Uint8Array.from([...before, extra, ...after])),
          `${extra} before byte ${place}`,
        );
      }
    }
  }
});

Deno.test("the error of a damaged record quotes nothing of it", () => {
  for (const text of ["root:hidden:0:0\n", '{"hidden": }\n', '"hidden"\n', "hidden"]) {
    const error = thrown("Corrupt", () => decodeRecord(new TextEncoder().encode(text), "k"));
    let told = "";
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      told += `${cause.message} ${cause.stack}`;
    }
    assert(!told.includes("hidden"), told);
  }
});

Deno.test("a record behind a byte order mark is Corrupt", () => {
  for (const original of encoded) {
    assert(isCorrupt(Uint8Array.from([0xef, 0xbb, 0xbf, ...original])));
  }
});

Deno.test("a tombstone of another size is Corrupt, and so is another record of a tombstone's size", () => {
  const tombstone = encoded[sampleRecords.findIndex(({ kind }) => kind === "deleted")];
  assert(isCorrupt(Uint8Array.from([...tombstone, 0])));
  const short = encoded.filter((bytes) => bytes.length < TOMBSTONE_BYTES);
  assert(short.length > 0);
  for (const original of short) {
    const longer = new Uint8Array(TOMBSTONE_BYTES);
    longer.set(original);
    assert(isCorrupt(longer));
  }
});

Deno.test("what is no record at all is Corrupt", () => {
  const texts = [
    "",
    "\n",
    "{}\n",
    "null\n",
    "[]\n",
    "1\n",
    '""\n',
    "{\n",
    '{"format":"holdfast/1"}\n',
    "\ufeff\n",
    "<html>\n",
    "\0\0\0\n",
  ];
  for (const text of texts) {
    const error = thrown(
      "Corrupt",
      () => decodeRecord(new TextEncoder().encode(text), "settings/1.rec"),
    );
    assertEquals(error.key, "settings/1.rec");
    assertEquals(error.retry, "never");
  }
  thrown("Corrupt", () => decodeRecord(new Uint8Array(512), "k"));
  thrown("Corrupt", () => decodeRecord(new Uint8Array(2 ** 20).fill(0x5b), "k"));
  const deep = "[".repeat(200_000) + "]".repeat(200_000) + "\n";
  thrown("Corrupt", () => decodeRecord(new TextEncoder().encode(deep), "k"));
});

Deno.test("random bytes are Corrupt and fail in no other way", () => {
  const check = fc.property(
    fc.uint8Array({ maxLength: 600 }),
    fc.nat({ max: 5 }),
    fc.nat({ max: 600 }),
    (noise, which, place) => {
      const original = encoded[which];
      const damaged = original.slice();
      damaged.set(
        noise.subarray(0, Math.max(0, original.length - place)),
        Math.min(place, original.length),
      );
      const line = original.indexOf(10) + 1;
      if (damaged.subarray(0, line).every((byte, i) => byte === original[i])) return;
      assert(isCorrupt(damaged));
      assert(isCorrupt(noise));
    },
  );
  fc.assert(check, { numRuns: 2_000 });
});

Deno.test("a line whose members are another record's, or in another order, is Corrupt", () => {
  const [version, alias] = encoded.map((bytes) => new TextDecoder().decode(bytes));
  const sum = /"sum":"[0-9a-f]{64}"/;
  const swapped = version.replace(sum, sum.exec(alias)![0]);
  assertNotEquals(swapped, version);
  assert(isCorrupt(new TextEncoder().encode(swapped)));
  const reordered = alias.replace(/^\{("format":"[^"]*"),("generation":1),/, "{$2,$1,");
  assertNotEquals(reordered, alias);
  assert(isCorrupt(new TextEncoder().encode(reordered)));
});
