import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import fc from "fast-check";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { artifactDigest } from "../../../core/artifact_digest.ts";
import {
  decodeRecord,
  encodeRecord,
  FORMAT,
  MAX_RECORD_BYTES,
  TOMBSTONE_BYTES,
} from "../../../registry/format/record_codec.ts";
import type { AnyRecord, FileInfo, VersionRecord } from "../../../core/record.ts";
import { sampleRecords, versionInline, versionRecord } from "./sample_records.ts";
import { thrown } from "../../core/thrown.ts";
import { casesOfRun, slowTest } from "../../support/seeds.ts";
import { CODE_POINT } from "../../support/strings/code_point.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (text: string) => new TextEncoder().encode(text);

/** Returns a record as another program could write it: any members, the right checksum. */
function foreign(members: object, inline = ""): Uint8Array {
  const line = JSON.stringify(members).slice(0, -1);
  return bytes(`${line},"sum":"${sha256(line)}"}\n${inline}`);
}

const empty: VersionRecord = { ...versionRecord, files: [], size: 0 };

Deno.test("a record of each kind survives a round trip", () => {
  for (const record of sampleRecords) {
    const inline = record.kind === "version" ? versionInline : new Uint8Array();
    const decoded = decodeRecord(encodeRecord(record, [inline]), "k");
    assertEquals(decoded.record, record);
    assertEquals(decoded.inline, inline);
  }
});

slowTest("any JSON metadata and inline bytes survive a round trip", () => {
  const metadata = fc.dictionary(
    fc.string({ unit: CODE_POINT }),
    fc.jsonValue({ stringUnit: CODE_POINT }),
    {
      noNullPrototype: true,
    },
  );
  const check = fc.property(
    metadata,
    fc.array(fc.uint8Array(), { maxLength: 4 }),
    (metadata, inline) => {
      const plain = JSON.parse(JSON.stringify(metadata)); // -0 is 0 in JSON
      const decoded = decodeRecord(encodeRecord({ ...empty, metadata: plain }, inline), "k");
      assertEquals((decoded.record as VersionRecord).metadata, plain);
      assertEquals(decoded.inline, concatBytes(inline));
    },
  );
  fc.assert(check, { numRuns: casesOfRun(1_000) });
});

Deno.test("a deeply nested record is Corrupt, brackets in its strings are not", () => {
  const nested = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
  const decode = (metadata: Record<string, unknown>) =>
    decodeRecord(encodeRecord({ ...empty, metadata }), "k").record;
  for (const metadata of [{ a: nested(127) }, { a: "[{".repeat(500), b: nested(127) }]) {
    assertEquals((decode(metadata) as VersionRecord).metadata, metadata);
  }
  for (
    const metadata of [{ a: nested(128) }, { a: "[{".repeat(500), b: nested(128) }, {
      a: ']}"',
      b: nested(128),
    }]
  ) {
    assertMatch(thrown("Corrupt", () => decode(metadata)).message, /nesting is too deep/);
  }
});

Deno.test("a record that is too long is refused with its size", () => {
  const size = encodeRecord(empty).byteLength + MAX_RECORD_BYTES;
  const huge = new Uint8Array(MAX_RECORD_BYTES);
  const { message } = thrown("Invalid", () => encodeRecord(empty, [huge]));
  assertStringIncludes(message, `${size} bytes`);
});

Deno.test("metadata named __proto__, constructor or toJSON is plain data", () => {
  const metadata = JSON.parse(
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toJSON":"text"}',
  );
  const decoded = decodeRecord(encodeRecord({ ...empty, metadata }), "k").record as VersionRecord;
  assertEquals(Object.keys(decoded.metadata), ["__proto__", "constructor", "toJSON"]);
  assertEquals(JSON.stringify(decoded.metadata), JSON.stringify(metadata));
  assertEquals(({} as { polluted?: number }).polluted, undefined);
});

Deno.test("a newline in a string does not end the first line", () => {
  const record: VersionRecord = {
    ...versionRecord,
    metadata: { "a\nb": "\n\r\n\u2028\u2029\u0000" },
  };
  const encoded = encodeRecord(record, [bytes("\ninline\n")]);
  assertEquals(encoded.indexOf(10), encoded.length - 9);
  assertEquals(decodeRecord(encoded, "k"), { record, inline: bytes("\ninline\n") });
});

Deno.test("metadata that imitates the end of the line is ignored", () => {
  const metadata = { note: `x","sum":"${"0".repeat(64)}"}`, sum: "0".repeat(64), 'sum"}': 1 };
  const decoded = decodeRecord(encodeRecord({ ...empty, metadata }), "k").record as VersionRecord;
  assertEquals(decoded.metadata, metadata);
});

Deno.test("the first line ends with its checksum, inline bytes follow", () => {
  const encoded = text(encodeRecord(versionRecord, [bytes("hel"), bytes("lo")]));
  const [line, inline] = encoded.split("\n");
  assertEquals(inline, "hello");
  const sum = sha256(line.slice(0, line.lastIndexOf(',"sum":')));
  assertEquals(JSON.parse(line), { ...JSON.parse(JSON.stringify(versionRecord)), sum });
});

Deno.test("a tombstone has 509 bytes with the shortest and the longest fields", () => {
  const record = (generation: number, previous?: string): AnyRecord => ({
    kind: "deleted",
    format: FORMAT,
    generation,
    commit: versionRecord.commit,
    previous,
    startedAt: new Date(8.64e15).toISOString(),
    createdAt: new Date(-8.64e15).toISOString(),
  });
  for (
    const deleted of [
      record(1),
      record(2, versionRecord.commit),
      record(Number.MAX_SAFE_INTEGER, versionRecord.commit),
    ]
  ) {
    const encoded = encodeRecord(deleted);
    assertEquals(encoded.length, TOMBSTONE_BYTES);
    assertEquals(encoded.indexOf(10), TOMBSTONE_BYTES - 1);
    assertEquals(decodeRecord(encoded, "k").record.kind, "deleted");
  }
});

Deno.test("no record but a tombstone has 509 bytes", () => {
  const sizes = new Set<number>();
  for (let length = 0; length < 400; length++) {
    const alias: AnyRecord = { ...sampleRecords[1], alias: "a".repeat(length) } as AnyRecord;
    const size = encodeRecord(alias).length;
    assertNotEquals(size, TOMBSTONE_BYTES);
    assertEquals(decodeRecord(encodeRecord(alias), "k").record, alias);
    sizes.add(size);
  }
  // the lengths did pass the forbidden ones
  for (const size of [508, 510, 511]) assert(sizes.has(size));
});

Deno.test("no version with inline bytes has 509 bytes", () => {
  const small = { ...empty, metadata: {}, inputs: undefined, key: undefined };
  const bare = encodeRecord(small).length;
  assert(bare < TOMBSTONE_BYTES, `${bare}`);
  const inline = new Uint8Array(TOMBSTONE_BYTES - bare).fill(7);
  const encoded = encodeRecord(small, [inline]);
  assertEquals(encoded.length, TOMBSTONE_BYTES + 1);
  assertEquals(decodeRecord(encoded, "k").inline, inline);
});

Deno.test("unknown members survive a round trip", () => {
  const record = {
    ...versionRecord,
    retention: { days: 7 },
    files: [{ ...versionRecord.files[0], acl: "private" }],
  };
  const once = decodeRecord(foreign(record, "hello"), "k");
  assertEquals(once.record as unknown, record);
  assertEquals(decodeRecord(encodeRecord(once.record, [once.inline]), "k"), once);
});

Deno.test("a record of another format is Unsupported", () => {
  for (
    const format of [
      "holdfast/2",
      "holdfast/1.1",
      "HOLDFAST/1",
      "",
      null,
      1,
      ["holdfast/1"],
      undefined,
    ]
  ) {
    const error = thrown(
      "Unsupported",
      () => decodeRecord(foreign({ ...versionRecord, format }), "names/x"),
    );
    assertStringIncludes(error.message, "names/x");
    assertEquals(error.key, "names/x");
  }
});

slowTest("artifactDigest() does not depend on the order of the files", async () => {
  const file = fc.record({
    path: fc.string({ unit: CODE_POINT, minLength: 1, maxLength: 6 }),
    size: fc.maxSafeNat(),
    sha256: fc.string({
      unit: fc.constantFrom(..."0123456789abcdef"),
      minLength: 64,
      maxLength: 64,
    }),
    mode: fc.constantFrom(undefined, "executable" as const, "link" as const),
  });
  const files = fc.uniqueArray(file, { selector: (file) => file.path, maxLength: 8 });
  const check = fc.asyncProperty(
    files.chain((files) =>
      fc.tuple(fc.constant(files), fc.shuffledSubarray(files, { minLength: files.length }))
    ),
    async ([files, shuffled]) => {
      const materializer = { id: "path", formatVersion: 1 };
      const digest = await artifactDigest(materializer, files);
      assertEquals(await artifactDigest(materializer, shuffled), digest);
    },
  );
  await fc.assert(check);
});

Deno.test("artifactDigest() changes with each of its inputs only", async () => {
  const file: FileInfo = { path: "a", size: 1, sha256: "1".repeat(64) };
  const digest = (files: FileInfo[], id = "path", formatVersion = 1) =>
    artifactDigest({ id, formatVersion }, files);
  const all = await Promise.all([
    digest([]),
    digest([file]),
    digest([file], "text"),
    digest([file], "path", 2),
    digest([{ ...file, path: "b" }]),
    digest([{ ...file, size: 2 }]),
    digest([{ ...file, sha256: "2".repeat(64) }]),
    digest([{ ...file, mode: "executable" }]),
    digest([{ ...file, mode: "link" }]),
    digest([file, { ...file, path: "b" }]),
    digest([{ ...file, path: `a"\n${"1".repeat(64)} 1 - "b` }]),
  ]);
  assertEquals(new Set(all).size, all.length);
  assertEquals(await digest([{ ...file, mediaType: "text/plain" }]), all[1]);
  for (const one of all) assertMatch(one, /^[0-9a-f]{64}$/);
});
