import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { concatBytes } from "../../../../core/bytes/bytes.ts";
import { ChunkList, equalRuns, ListMaker } from "../../../../core/bytes/content_chunks.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { usedBytes } from "../../../../registry/cell/object_ranges.ts";
import { planParts } from "../../../../registry/payload/writing/shared_ranges.ts";
import { createRandom, type Random } from "../../../simulate/random.ts";
import { noise } from "../../registries.ts";
import { assertVerifies, KIB, MIB, testStores } from "../shared_bytes.ts";

const CHUNK = 64 * 1024;

/** A file of chunks that are numbers: equal numbers are equal bytes. */
function listOf(chunks: readonly number[]): ChunkList {
  const list = new ChunkList(CHUNK);
  const digest = new DataView(new ArrayBuffer(32));
  for (const chunk of chunks) {
    digest.setUint32(0, chunk);
    list.add(CHUNK, new Uint8Array(digest.buffer));
  }
  return list;
}

/** Stores versions of a file, each against the one before. Returns the bytes stored and changed. */
function storeHistory(
  chunks: number[],
  versions: number,
  change: (chunks: number[], version: number) => number[],
): { stored: number; changed: number } {
  let ranges = [{ key: "0", offset: 0, size: chunks.length * CHUNK }];
  let list = listOf(chunks);
  const sizes = new Map([["0", list.size]]);
  let stored = 0, changed = 0;
  for (let version = 1; version <= versions; version++) {
    const next = change(chunks.slice(), version);
    changed += next.filter((chunk, i) => chunk !== chunks[i]).length * CHUNK;
    chunks = next;
    const earlier = { list, ranges };
    list = listOf(chunks);
    const key = `${version}`;
    let offset = 0;
    ranges = (planParts(list, earlier, sizes) ?? [{ size: list.size }]).map(({ size, from }) => {
      if (from !== undefined) return { ...from, size };
      offset += size;
      return { key, offset: offset - size, size };
    });
    stored += offset;
    const used = usedBytes(ranges);
    for (const key of sizes.keys()) if (!used.has(key)) sizes.delete(key);
    if (offset > 0) sizes.set(key, offset);
    assert(used.size <= 9, `${used.size} objects`);
  }
  return { stored, changed };
}

/** Replaces a few chunks, next to each other, by new ones. */
function replaceSome(random: Random): (chunks: number[], version: number) => number[] {
  return (chunks, version) => {
    const count = random.between(1, 3);
    const at = random.int(chunks.length - count);
    for (let i = 0; i < count; i++) chunks[at + i] = version * 10 + i;
    return chunks;
  };
}

Deno.test("a history of small changes stores a few times what changed", () => {
  const run = (seed: number) => {
    const chunks = Array.from({ length: 1500 }, (_, i) => 1_000_000 + i);
    const { stored, changed } = storeHistory(chunks, 250, replaceSome(createRandom(seed)));
    assert(stored <= 6 * changed, `seed ${seed}: ${(stored / changed).toFixed(1)} times`);
  };
  fc.assert(fc.property(fc.nat(), run), { numRuns: 3 });
});

Deno.test("so does one of a file of equal chunks, at every step", () => {
  const run = (seed: number, kinds: number) => {
    const random = createRandom(seed);
    const chunks = Array.from({ length: 1000 }, () => random.int(kinds));
    for (let n = 0; n < 30; n++) replaceSome(random)(chunks, 1_000 + n);
    const { stored, changed } = storeHistory(chunks, 30, replaceSome(random));
    assert(stored <= 6 * changed, `seed ${seed}: ${(stored / changed).toFixed(1)} times`);
  };
  fc.assert(fc.property(fc.nat(), fc.constantFrom(1, 2), run), { numRuns: 10 });
});

Deno.test("equal chunks that moved use those that follow them", () => {
  const zeros = Array.from({ length: 100 }, () => 0);
  const old = [...zeros, 1, ...zeros];
  const move = { longer: [2, ...zeros, 0, 1, 0, ...zeros], shorter: old.slice(3) };
  for (const [how, chunks] of Object.entries(move)) {
    const ranges = [{ key: "0", offset: 0, size: old.length * CHUNK }];
    const sizes = new Map([["0", old.length * CHUNK]]);
    const parts = planParts(listOf(chunks), { list: listOf(old), ranges }, sizes)!;
    assert(parts.length <= 6, `${how}: ${JSON.stringify(parts)}`);
    const added = parts.reduce((sum, { size, from }) => from ? sum : sum + size, 0);
    assertEquals(added, how === "longer" ? CHUNK : 0, how);
  }
});

/** Replaces, inserts or removes a few bytes of a file, now and then a longer run. */
function editSome(bytes: Uint8Array, random: Random, seed: number): Uint8Array {
  const at = random.int(bytes.byteLength - 64 * KIB);
  const length = random.int(10) === 0 ? random.int(64 * KIB) : random.int(200);
  const added = random.int(4) === 0 ? new Uint8Array(length) : noise(length, seed);
  const removed = random.pick([0, length, length]);
  return concatBytes([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
}

testStores("edits of a file of zeros store a few times their chunks", async (registry) => {
  const random = createRandom(7);
  const listOfBytes = (bytes: Uint8Array) => {
    const maker = new ListMaker(16 * KIB);
    maker.update(bytes);
    return maker.end();
  };
  let bytes: Uint8Array = new Uint8Array(4 * MIB);
  let added = 0, fresh = 0;
  await registry.save("a", bytes);
  for (let version = 2; version <= 30; version++) {
    const next = editSome(bytes, random, version);
    for (const { at, size } of equalRuns(listOfBytes(next), listOfBytes(bytes))) {
      fresh += at === undefined ? size : 0;
    }
    bytes = next;
    added += (await registry.save("a", bytes)).addedBytes!;
    assertEquals(sha256(await registry.load("a") as Uint8Array), sha256(bytes));
  }
  assert(added <= 6 * fresh, `${added} bytes for ${fresh}`);
  await assertVerifies(registry);
});
