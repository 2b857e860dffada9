import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { keyLayout } from "../backends/local/layout.ts";
import { checkName, decodeName, encodeName } from "../core/naming/names.ts";
import { averageFor, ChunkList, ListMaker } from "../core/bytes/content_chunks.ts";
import { artifactDigest } from "../core/artifact_digest.ts";
import { decodeRecord, encodeRecord } from "../registry/format/record_codec.ts";
import type { AnyRecord, FileInfo } from "../core/record.ts";
import { fromMetadata } from "../core/text/comparing.ts";
import { decodeOrder, parseVersion } from "../core/naming/versions.ts";
import {
  decodeEnd,
  decodePart,
  DISCARDED_BYTES,
  draftEndingKey,
  draftEndKey,
  draftFolder,
  draftPartKey,
  encodeMark,
  encodePart,
  parseDraftKey,
} from "../registry/operations/drafts/note.ts";
import type { DraftEnd, PartNote } from "../registry/operations/drafts/note.ts";
import {
  aliasCell,
  ALIVE,
  draftPlace,
  earlyReleasedMark,
  keyCell,
  parseCellKey,
  parseGeneration,
  parseLineageKey,
  parsePayloadKey,
  payloadFolder,
  recordKey,
  SETTINGS,
  versionCell,
} from "../registry/format/layout.ts";
import { openValues, Work } from "../registry/payload/weights/encode_values.ts";
import { lineageKeys } from "../registry/operations/lineage/inputs.ts";
import { slowTest } from "./support/seeds.ts";

/** The test vectors of FORMAT.md, section 10. */
interface Vectors {
  names: [name: string, segment: string][];
  notNames: string[];
  notSegments: string[];
  releasesNewestFirst: [version: string, order: string][];
  prereleasesNewestFirst: [version: string, order: string][];
  notVersions: string[];
  notOrders: string[];
  generations: [generation: number, file: string][];
  keys: Record<string, string>;
  paths: [key: string, path: string][];
  notPaths: string[];
  numbers: [text: string, bytes: string][];
  notNumbers: string[];
  records: { record: AnyRecord; inline: string; bytes: number; firstLine: string }[];
  drafts: { note: PartNote; inline: string; bytes: string }[];
  chunks: { size: number; fixed: boolean; list: string }[];
  /** In hexadecimal. */
  values: {
    base: string;
    groups: string;
    planes: string;
    file: string;
    sha256: string;
    notGroups: Record<string, string>;
  };
  draftMarks: { mark: DraftEnd | { state: "ending" }; bytes: string }[];
  digests: {
    materializer: { id: string; formatVersion: number };
    files: FileInfo[];
    digest: string;
  }[];
}

const file = new URL("./fixtures/format_vectors.json", import.meta.url);
const vectors: Vectors = JSON.parse(await readFile(file, "utf8"));
const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("FORMAT.md: names and their segments", () => {
  for (const [name, segment] of vectors.names) {
    checkName(name);
    assertEquals(encodeName(name), segment);
    assertEquals(decodeName(segment), name);
  }
  for (const text of vectors.notNames) assertThrows(() => checkName(text));
  for (const segment of vectors.notSegments) assertEquals(decodeName(segment), undefined, segment);
});

Deno.test("FORMAT.md: versions and their segments, newest first", () => {
  for (const list of [vectors.releasesNewestFirst, vectors.prereleasesNewestFirst]) {
    for (const [version, order] of list) {
      assertEquals(parseVersion(version).order, order);
      assertEquals(decodeOrder(order)?.canonical, version);
    }
    const orders = list.map(([, order]) => order);
    assertEquals([...orders].sort(), orders);
  }
  for (const text of vectors.notVersions) assertThrows(() => parseVersion(text));
  for (const order of vectors.notOrders) assertEquals(decodeOrder(order), undefined, order);
});

Deno.test("FORMAT.md: numbers that JSON lacks", () => {
  const buffer = new DataView(new ArrayBuffer(8));
  for (const [text, bytes] of vectors.numbers) {
    buffer.setFloat64(0, fromMetadata(text) as number);
    assertEquals(buffer.getBigUint64(0).toString(16), bytes);
  }
  for (const text of vectors.notNumbers) assertEquals(fromMetadata(text), text);
});

Deno.test("FORMAT.md: generations", () => {
  for (const [generation, file] of vectors.generations) {
    assertEquals(recordKey("", generation), file);
    assertEquals(parseGeneration(file), generation);
  }
});

Deno.test("FORMAT.md: keys", () => {
  const name = "my:model";
  const [release, prerelease] = [parseVersion("1.2.0"), parseVersion("3.0.0-rc.1")];
  const commit = "01951e2f-6c00-7abc-8def-0123456789ab";
  const place = { order: release.order, commit };
  const settings = { versioned: true, mutable: false, graceMs: 0, leastGraceMs: 0 };
  const single = { ...settings, versioned: false };
  const made = { name, version: release, commit, materializer: { id: "text" } };
  const published = { ...made, materializer: { id: "release" } };
  const keys = {
    settings: recordKey(SETTINGS, 1),
    release: recordKey(versionCell(name, release, true), 2),
    prerelease: recordKey(versionCell(name, prerelease, true), 1),
    unversioned: recordKey(versionCell(name, release, false), 1),
    alias: recordKey(aliasCell(name, "production"), 3),
    idempotencyKey: recordKey(keyCell(name, "run 7"), 1),
    note: lineageKeys({ settings }, { ...made, inputs: ["data@1"] })[0],
    unpinnedNote: lineageKeys({ settings }, { ...made, inputs: ["data"] })[0],
    unversionedNote: lineageKeys({ settings: single }, { ...made, inputs: ["data"] })[0],
    released: lineageKeys({ settings }, { ...published, inputs: ["data@1"] })[1],
    earlyReleased: earlyReleasedMark("data"),
    payload: `${payloadFolder(name, place)}0`,
    alive: `${payloadFolder(name, place)}${ALIVE}`,
    draftPart: draftPartKey(draftFolder(name, "run 7"), "0/4", place.commit),
    draftEnd: draftEndKey(draftFolder(name, "run 7")),
    draftEnding: draftEndingKey(draftFolder(name, "run 7")),
    draftPayload: `${payloadFolder(name, draftPlace(place.commit))}0`,
  };
  assertEquals(keys, vectors.keys as typeof keys);
  for (const key of [keys.release, keys.prerelease, keys.alias, keys.idempotencyKey]) {
    assertEquals(parseCellKey(key)?.name, name);
  }
  for (const key of [keys.payload, keys.alive, keys.draftPayload]) {
    assertEquals(parsePayloadKey(key)?.commit, commit);
  }
  for (const key of [keys.note, keys.unpinnedNote]) {
    assertEquals(parseLineageKey(key), { name, version: decodeOrder(release.order)!, commit });
  }
  assertEquals(parseLineageKey(keys.unversionedNote)?.version.canonical, "1.0.0");
});

Deno.test("FORMAT.md: where keys lie in a folder", () => {
  const { pathOf, textOf } = keyLayout("folded");
  for (const [key, path] of vectors.paths) {
    assertEquals(pathOf(key), path);
    assertEquals(textOf(path), key);
    if (/^(names|objects)\//.test(key)) assert(parseCellKey(key) ?? parsePayloadKey(key), key);
  }
  for (const path of vectors.notPaths) assertNotEquals(pathOf(textOf(path)), path);
  for (const key of Object.values(vectors.keys)) assertEquals(textOf(pathOf(key)!), key);
});

Deno.test("FORMAT.md: records are read and written byte by byte", () => {
  for (const { record, inline, bytes: size, firstLine } of vectors.records) {
    const whole = bytes(`${firstLine}\n${inline}`);
    assertEquals(whole.byteLength, size);
    assertEquals(decodeRecord(whole, "k"), { record, inline: bytes(inline) });
    assertEquals(encodeRecord(record, [bytes(inline)]), whole);
  }
  const [tombstones, others] = [true, false].map((dead) =>
    vectors.records.filter(({ record }) => (record.kind === "deleted") === dead)
  );
  assert(tombstones.length > 0 && tombstones.every(({ bytes }) => bytes === 509));
  assert(others.some(({ bytes }) => bytes === 510)); // made longer on purpose
});

Deno.test("FORMAT.md: digests of artifacts", async () => {
  for (const { materializer, files, digest } of vectors.digests) {
    assertEquals(await artifactDigest(materializer, files), digest);
    assertEquals(await artifactDigest(materializer, [...files].reverse()), digest);
  }
});

slowTest("FORMAT.md: lists of chunks", () => {
  for (const { size, fixed, list } of vectors.chunks) {
    const maker = fixed ? ListMaker.fixed(averageFor(size)) : new ListMaker(averageFor(size));
    for (let i = 0; i < size / 32; i++) {
      maker.update(createHash("sha256").update(String(i)).digest().subarray(0, size - 32 * i));
    }
    assertEquals(Buffer.from(maker.end().encode()!).toString("base64"), list);
    assertEquals(ChunkList.decode(Buffer.from(list, "base64"), size)?.size, size);
  }
});

Deno.test("FORMAT.md: what is stored of drafts", async () => {
  for (const { note, inline, bytes: text } of vectors.drafts) {
    assertEquals(new TextDecoder().decode(await encodePart(note, [bytes(inline)])), text);
    assertEquals(await decodePart(bytes(text), note), { note, inline: bytes(inline) });
    for (
      const other of [{ ...note, part: "1/4" }, { ...note, draft: "run 8" }, {
        ...note,
        name: "model",
      }]
    ) {
      assertEquals(await decodePart(bytes(text), other), undefined);
    }
    for (let i = 0; i < text.length; i++) {
      const damaged = bytes(text);
      damaged[i] ^= 1;
      assertEquals(await decodePart(damaged, note), undefined, `byte ${i}`);
      assertEquals(
        await decodePart(bytes(text).subarray(0, i), note),
        undefined,
        `first ${i} bytes`,
      );
    }
  }
  for (const { mark, bytes: text } of vectors.draftMarks) {
    assertEquals(new TextDecoder().decode(encodeMark(mark)), text);
    assertEquals(decodeEnd(bytes(text)), mark.state === "ending" ? undefined : mark);
    assertEquals(text.length === DISCARDED_BYTES, mark.state === "discarded");
    assertEquals(decodeEnd(bytes(text.replace("state", "stale"))), undefined);
  }
  const commit = "01951e2f-6c00-7abc-8def-0123456789ab";
  const added = { part: "0/4", commit };
  assertEquals(parseDraftKey(vectors.keys.draftPart), {
    name: "my=3amodel",
    draft: "run=207",
    added,
  });
  assertEquals(parseDraftKey(vectors.keys.draftEnd), {
    name: "my=3amodel",
    draft: "run=207",
    mark: "end",
  });
  assertEquals(parseDraftKey(vectors.keys.draftEnding), {
    name: "my=3amodel",
    draft: "run=207",
    mark: "ending",
  });
  for (
    const bad of [
      "drafts/a/b",
      "drafts/a/b/c",
      "drafts/a/b/c/d",
      `drafts/a/b/.end/${commit}`,
      "drafts/A/b/.end",
    ]
  ) {
    assertEquals(parseDraftKey(bad), undefined, bad);
  }
});

Deno.test("FORMAT.md: files that are stored by values", async () => {
  const { values } = vectors, ofHex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
  const [base, planes, file] = [values.base, values.planes, values.file].map(ofHex);
  const slice = (bytes: Uint8Array) => ({ offset, length }: { offset: number; length: number }) =>
    Promise.resolve(bytes.slice(offset, offset + length));
  const work = new Work();
  work.allow(file!.length);
  const opened = (groups: string) =>
    openValues({
      work,
      list: ofHex(groups),
      sizes: { size: file!.length, stored: planes!.length, base: base!.length },
      stored: slice(planes!),
      base: slice(base!),
    });
  const chunks = await Array.fromAsync(
    opened(values.groups)!.range({ from: 0, to: file!.length }),
    (chunk) => chunk.slice(),
  );
  assertEquals(new Uint8Array(Buffer.concat(chunks)), file);
  assertEquals(createHash("sha256").update(file!).digest("hex"), values.sha256);
  for (const [what, groups] of Object.entries(values.notGroups)) {
    assertEquals(opened(groups), undefined, what);
  }
});
