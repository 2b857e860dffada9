import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { readFile } from "node:fs/promises";
import { keyLayout } from "../backends/local/layout.ts";
import { checkName, decodeName, encodeName } from "../core/naming/names.ts";
import { artifactDigest, decodeRecord, encodeRecord } from "../core/record/record.ts";
import type { AnyRecord, FileInfo } from "../core/record/record.ts";
import { decodeOrder, parseVersion } from "../core/naming/versions.ts";
import {
  aliasCell,
  ALIVE,
  keyCell,
  parseCellKey,
  parseGeneration,
  parsePayloadKey,
  payloadFolder,
  recordKey,
  SETTINGS,
  versionCell,
} from "../registry/layout.ts";

/** The block of FORMAT.md that begins with `json vectors`. */
interface Vectors {
  names: [name: string, segment: string][];
  notNames: string[];
  notSegments: string[];
  releasesNewestFirst: [version: string, order: string][];
  prereleasesNewestFirst: [version: string, order: string][];
  notOrders: string[];
  generations: [generation: number, file: string][];
  keys: Record<string, string>;
  paths: [key: string, path: string][];
  notPaths: string[];
  records: { record: AnyRecord; inline: string; bytes: number; firstLine: string }[];
  oldRecords: Vectors["records"];
  digests: { materializer: { id: string; formatVersion: number }; files: FileInfo[]; digest: string }[];
}

const page = await readFile(new URL("../FORMAT.md", import.meta.url), "utf8");
const vectors: Vectors = JSON.parse(/^```json vectors\n(.*?)^```$/ms.exec(page)![1]);
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
  for (const order of vectors.notOrders) assertEquals(decodeOrder(order), undefined, order);
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
  const place = { order: release.order, commit: "01951e2f-6c00-7abc-8def-0123456789ab" };
  const keys = {
    settings: recordKey(SETTINGS, 1),
    release: recordKey(versionCell(name, release, true), 2),
    prerelease: recordKey(versionCell(name, prerelease, true), 1),
    unversioned: recordKey(versionCell(name, release, false), 1),
    alias: recordKey(aliasCell(name, "production"), 3),
    idempotencyKey: recordKey(keyCell(name, "run 7"), 1),
    payload: `${payloadFolder(name, place)}0`,
    alive: `${payloadFolder(name, place)}${ALIVE}`,
  };
  assertEquals(keys, vectors.keys as typeof keys);
  for (const key of [keys.release, keys.prerelease, keys.alias, keys.idempotencyKey]) {
    assertEquals(parseCellKey(key)?.name, name);
  }
  for (const key of [keys.payload, keys.alive]) assertEquals(parsePayloadKey(key)?.commit, place.commit);
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
  assert(others.some(({ bytes }) => bytes === 510) && others.some(({ bytes }) => bytes === 513)); // made longer on purpose
});

Deno.test("FORMAT.md: old records are read as they are, and written as new ones", () => {
  for (const { record, inline, bytes: size, firstLine } of vectors.oldRecords) {
    const whole = bytes(`${firstLine}\n${inline}`);
    assertEquals([record.kind, whole.byteLength, size], ["deleted", 512, 512]);
    assertEquals(decodeRecord(whole, "k"), { record, inline: bytes(inline) });
    assertEquals(encodeRecord(record, [bytes(inline)]).byteLength, 509);
  }
  assert(vectors.oldRecords.length > 0);
});

Deno.test("FORMAT.md: digests of artifacts", () => {
  for (const { materializer, files, digest } of vectors.digests) {
    assertEquals(artifactDigest(materializer, files), digest);
    assertEquals(artifactDigest(materializer, [...files].reverse()), digest);
  }
});
