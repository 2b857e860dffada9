import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { compareTensors } from "../../src/compare/tensor_changes.ts";
import type { ModelTensor } from "../../src/previews/models/model.ts";
import { fakeFile } from "../support/fake_file.ts";

/** Returns a list of chunks of one length, as FORMAT.md has it in section 3.4. */
function chunkList(bytes: Uint8Array, length: number): Uint8Array {
  const count = Math.ceil(bytes.byteLength / length);
  const list = new Uint8Array(4 + count * 36);
  const view = new DataView(list.buffer);
  view.setUint32(0, 16_384, true);
  for (let i = 0; i < count; i++) {
    const chunk = bytes.subarray(i * length, (i + 1) * length);
    view.setUint32(4 + i * 36, chunk.byteLength, true);
    list.set(createHash("sha256").update(chunk).digest(), 8 + i * 36);
  }
  return list;
}

/** Returns a model of 1 MiB: chunks of smaller ones are not read. */
function modelOf(bytes: Uint8Array, tensors: readonly ModelTensor[], hasChunks: boolean) {
  const all = new Uint8Array(2 ** 20);
  all.set(bytes);
  const file = fakeFile("m", all);
  const chunks = () => Promise.resolve(hasChunks ? chunkList(all, 1000) : undefined);
  return { file: { ...file, chunks }, tensors, noted: file };
}

const tensor = (name: string, offset: number, size: number): ModelTensor => {
  return { name, dtype: "F32", shape: [size / 4], parameters: size / 4, offset, size };
};

const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => i * i % 251);
const changed = bytes.slice();
changed[12_345]! ^= 1;
const names = [
  tensor("a", 100, 2000),
  tensor("b", 2100, 8000),
  tensor("c", 10_100, 9000),
  tensor("none", 19_100, 0),
];

Deno.test("digests of chunks show which tensors changed, and only their edges are read", async () => {
  for (const hasChunks of [true, false]) {
    const [left, right] = [modelOf(bytes, names, hasChunks), modelOf(changed, names, hasChunks)];
    const found = await compareTensors(left, right);
    assertEquals(found.map(({ name, change }) => `${name} ${change}`), [
      "a same",
      "b same",
      "c changed",
      "none same",
    ]);
    const read = right.noted.bytesRead();
    assert(hasChunks ? read === 0 : read >= 10_000, `${read}`);
  }
});

Deno.test("tensors that moved, changed their shape, came or went differ", async () => {
  const moved = new Uint8Array(30_000);
  moved.set(bytes.subarray(100, 2100), 5000);
  const left = modelOf(
    bytes,
    [tensor("a", 100, 2000), tensor("b", 2100, 8), tensor("c", 0, 4)],
    true,
  );
  const after = [tensor("a", 5000, 2000), tensor("b", 2100, 16), tensor("d", 0, 4)];
  const found = await compareTensors(left, modelOf(moved, after, true));
  assertEquals(found.map(({ name, change }) => `${name} ${change}`), [
    "a same",
    "b changed",
    "c removed",
    "d added",
  ]);
});

Deno.test("without digests, a tensor that is too large to read is not known", async () => {
  const [left, right] = [modelOf(bytes, names, false), modelOf(bytes.slice(), names, false)];
  const found = await compareTensors(left, right, { maxBytes: 5000 });
  assertEquals(found.map(({ change }) => change), ["same", "unknown", "unknown", "same"]);
  const unplaced = [{ ...tensor("a", 0, 8), offset: undefined }];
  const [state] = await compareTensors({ ...left, tensors: unplaced }, {
    ...right,
    tensors: unplaced,
  });
  assertEquals(state?.change, "unknown");
});

Deno.test("chunks that are not those of the whole file decide nothing", async () => {
  const [left, right] = [modelOf(bytes, names, true), modelOf(changed, names, true)];
  const cut = async () => (await right.file.chunks())?.subarray(0, 4 + 36);
  const found = await compareTensors(left, { ...right, file: { ...right.file, chunks: cut } });
  assertEquals(found.map(({ change }) => change), ["same", "same", "changed", "same"]);
  assert(right.noted.bytesRead() >= 10_000);
});
