import { assert, assertEquals } from "@std/assert";
import type { LocalFile } from "../../../../core/artifact.ts";
import { concatBytes } from "../../../../core/bytes/bytes.ts";
import { present } from "../../../../core/faults/present.ts";
import { passed } from "../../../conformance/backend/samples.ts";
import { testInMemory } from "../../registries.ts";
import { rowsOfRun } from "../../../support/seeds.ts";
import { saveFar, VALUE } from "./large_files.ts";

/** The longest chunk of the file. */
const CHUNK_BYTES = 64 * 1024;

/** A file of the size of the value, which has only the beginnings of some ranges of it. */
function begun(ranges: readonly { offset: number; length: number }[]): LocalFile {
  const bytes = new Uint8Array(VALUE.byteLength);
  for (const { offset, length } of ranges) {
    bytes.set(VALUE.subarray(offset, offset + length), offset);
  }
  return {
    size: bytes.byteLength,
    async *chunks({ offset, length }) {
      yield bytes.subarray(offset, offset + length);
    },
  };
}

testInMemory("of pieces that were begun at once, only the rests are read again", async (world) => {
  const registry = await saveFar(world);
  const [file] = (await registry.open("a")).files();
  const pieces = present(await file!.pieces?.(), "the pieces");
  assert(pieces.length > 2);
  for (const share of rowsOfRun([0.3, 0, 0.75, 1])) {
    const written = pieces.map(({ offset, length }) => ({
      offset,
      length: Math.floor(length * share),
    }));
    const copy = begun(written);
    const rests: Uint8Array[] = [];
    for (const [i, piece] of pieces.entries()) {
      const end = piece.offset + piece.length;
      const rest = await piece.missingIn!(copy);
      if (share === 1) assertEquals(rest, undefined);
      if (rest === undefined) continue;
      const there = written[i]!.offset + written[i]!.length;
      assertEquals(rest.offset + rest.length, end);
      assert(rest.offset <= there && rest.offset > there - CHUNK_BYTES, `${rest.offset} ${there}`);
      const bytes = await passed(rest);
      assertEquals(bytes, VALUE.slice(rest.offset, end));
      rests.push(bytes);
    }
    if (share === 0) assertEquals(concatBytes(rests), VALUE);
  }
});
