import fc from "fast-check";
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  decodeRecord,
  encodeRecord,
  TOMBSTONE_BYTES,
} from "../../../registry/format/record_codec.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { isRegistryError, RegistryError } from "../../../core/errors.ts";
import { sampleRecords, versionInline } from "./sample_records.ts";
import { thrown } from "../../core/thrown.ts";
import type { AnyRecord } from "../../../core/record.ts";
import { partOfRun } from "../../support/seeds.ts";
import { filesProblem, recordProblem } from "../../../registry/format/record_shape.ts";

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

Deno.test("any changed bit or byte of the first line is Corrupt", () => {
  // newline, space, quote, digit, letter, brace
  const replacements = partOfRun([0, 10, 13, 32, 34, 48, 97, 125], 4);
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

Deno.test("a truncated first line is Corrupt", () => {
  for (const original of encoded) {
    for (let length = 0; length <= original.indexOf(10); length++) {
      assert(isCorrupt(original.subarray(0, length)));
    }
  }
});

Deno.test("a missing or extra byte in the first line is Corrupt", () => {
  for (const original of encoded) {
    for (let place = 0; place < original.indexOf(10); place++) {
      const [before, after] = [original.subarray(0, place), original.subarray(place)];
      assert(isCorrupt(concatBytes([before, after.subarray(1)])), `without byte ${place}`);
      for (const extra of partOfRun([0, 9, 10, 13, 32, 48, 0xff], 3)) {
        const longer = concatBytes([before, Uint8Array.of(extra), after]);
        assert(isCorrupt(longer), `${extra} before byte ${place}`);
      }
    }
  }
});

Deno.test("the error of a damaged record does not quote it", () => {
  for (const text of ["root:hidden:0:0\n", '{"hidden": }\n', '"hidden"\n', "hidden"]) {
    const error = thrown("Corrupt", () => decodeRecord(new TextEncoder().encode(text), "k"));
    let told = "";
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      told += `${cause.message} ${cause.stack}`;
    }
    assert(!told.includes("hidden"), told);
  }
});

Deno.test("a record after a byte order mark is Corrupt", () => {
  for (const original of encoded) {
    assert(isCorrupt(Uint8Array.from([0xef, 0xbb, 0xbf, ...original])));
  }
});

Deno.test("records of the wrong size for their kind are Corrupt", () => {
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

Deno.test("bytes that are not a record are Corrupt", () => {
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

Deno.test("random bytes are Corrupt", () => {
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

const SHA = "0".repeat(64);
const BASE = {
  format: "holdfast/1",
  generation: 1,
  commit: "01951e2f-6c00-7abc-8def-0123456789ab",
  startedAt: "2025-02-19T12:00:00.000Z",
  createdAt: "2025-02-19T12:00:00.000Z",
};
const VERSION = {
  ...BASE,
  kind: "version",
  name: "a",
  version: "1.0.0",
  materializer: { id: "json", formatVersion: 1 },
  metadata: {},
  files: [{ path: "data.json", size: 2, sha256: SHA, inline: [0, 2] }],
  digest: SHA,
  size: 2,
};

Deno.test("a complete record of each kind is valid, whatever else it has", () => {
  assertEquals(recordProblem({ ...VERSION, later: { x: 1 } } as unknown as AnyRecord), undefined);
  assertEquals(
    recordProblem({ ...BASE, kind: "of a later release" } as unknown as AnyRecord),
    undefined,
  );
});

Deno.test("a record with missing or mistyped members is Corrupt despite its checksum", () => {
  const wrong: Record<string, unknown>[] = [
    { ...VERSION, files: null },
    { ...VERSION, materializer: undefined },
    { ...VERSION, version: "nope" },
    { ...VERSION, name: 7 },
    { ...VERSION, commit: "../../x" },
    { ...VERSION, generation: 0 },
    { ...VERSION, startedAt: "yesterday" },
    { ...VERSION, metadata: [] },
    { ...VERSION, inputs: [1] },
    { ...VERSION, inputs: [{ digest: SHA }] },
    { ...VERSION, inputs: [{ ref: "a", digest: "short" }] },
    { ...VERSION, size: -1 },
    { ...VERSION, fileList: { object: "0", size: 1, sha256: SHA } },
    { ...VERSION, files: [], fileList: { object: 0, size: 1 } },
    { ...VERSION, files: null, fileList: { object: 0, size: 1, sha256: SHA } },
    {
      ...VERSION,
      files: [{ path: "a", size: 0, sha256: SHA }],
      fileList: { object: 0, size: 1, sha256: SHA },
    },
    { ...VERSION, previous: "below" },
    { ...BASE, kind: "alias", name: "a", alias: "b" },
    { ...BASE, kind: "note", name: "a", labels: [] },
    { ...BASE, kind: "note", name: "a", notes: 1, labels: {} },
    { ...BASE, kind: "key", name: "a", key: "k", target: { version: "1.0.0" } },
    { ...BASE, kind: "settings", settings: { versioned: 1, mutable: false, graceMs: 1 } },
  ];
  for (const record of wrong) {
    const bytes = encodeRecord(record as unknown as AnyRecord, [new Uint8Array(2)]);
    const error = assertThrows(
      () => decodeRecord(bytes, "names/x"),
      RegistryError,
      undefined,
      JSON.stringify(record),
    );
    assertEquals(error.code, "Corrupt");
  }
});

Deno.test("settings need a valid least grace and way to commit", () => {
  const problemOf = (members: object) => {
    const settings = { versioned: true, mutable: false, graceMs: 2, ...members };
    return recordProblem({ ...BASE, kind: "settings", settings } as unknown as AnyRecord);
  };
  const right = [{ leastGraceMs: 1 }, { leastGraceMs: 2, locking: "file" }];
  for (const settings of right) assertEquals(problemOf(settings), undefined);
  const wrong = [{}, { leastGraceMs: 0 }, { leastGraceMs: 3 }, { leastGraceMs: "1" }];
  for (const settings of [...wrong, { leastGraceMs: 1, locking: "rename" }]) {
    assert(problemOf(settings) !== undefined);
  }
});

Deno.test("the place of a file is numbers and a payload folder", async () => {
  const file = { path: "a", size: 1, sha256: SHA };
  const parts = [{ object: 0, size: 1 }];
  assertEquals(await filesProblem([{ ...file, parts }], 1), undefined);
  const wrong: object[] = [
    { parts: [{ object: "../1", size: 1 }] },
    { parts: [{ object: 0, size: 1, offset: -1 }] },
    { parts: [{ object: 0.5, size: 1 }] },
    { parts: 3 },
    { parts, from: "../../other/x" },
    { parts, encoding: "eval" },
    { inline: [0] },
  ];
  for (const place of wrong) {
    assertEquals(await filesProblem([{ ...file, ...place }], 1), "file 0 is invalid");
  }
});

Deno.test("sizes of stored bytes, files and versions must match", async () => {
  const file = (more: object) => ({ path: "a", size: 4, sha256: SHA, ...more });
  const right: object[] = [
    file({ inline: [0, 4] }),
    file({ parts: [{ object: 0, size: 1 }, { object: 1, offset: 7, size: 3 }] }),
    file({ parts: [{ object: 0, size: 30 }], encoding: "gzip" }),
    { path: "empty", size: 0, sha256: SHA },
  ];
  for (const one of right) {
    assertEquals(await filesProblem([one], (one as { size: number }).size, 4), undefined);
  }
  const wrong: object[] = [
    file({ inline: [0, 3] }),
    file({ inline: [1, 4] }),
    file({ parts: [{ object: 0, size: 1 }, { object: 1, size: 4 }] }),
    file({ parts: [{ object: 0, size: 70_000 }], encoding: "gzip" }),
    file({}),
  ];
  for (const one of wrong) {
    assertEquals(await filesProblem([one], 4, 4), "size of file 0 does not match its stored bytes");
  }
  assertEquals(await filesProblem([right[0], right[3]], 5), "files do not have 5 bytes in total");
  assertEquals(await filesProblem([right[0], right[1]], 8), "two files have the same path");
});

Deno.test("lists of any length are validated", () => {
  assertEquals(
    recordProblem({ ...VERSION, inputs: Array(300_000).fill("a") } as unknown as AnyRecord),
    undefined,
  );
  assertEquals(
    recordProblem({ ...VERSION, inputs: [...Array(300_000).fill("a"), 1] } as unknown as AnyRecord),
    "inputs are not a list of refs",
  );
});
