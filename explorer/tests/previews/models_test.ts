import { assert, assertEquals, assertRejects } from "@std/assert";
import { listArchive } from "../../src/previews/archives/list_archive.ts";
import { readModel } from "../../src/previews/models/model_view.ts";
import { layersOf } from "../../src/previews/models/model.ts";
import { forged } from "../../../tests/formats/safetensors/files.ts";
import { fakeFile } from "../support/fake_file.ts";
import { sampleFiles } from "../support/samples.ts";

const samples = await sampleFiles(1);

Deno.test("a safetensors file lists its tensors, and reads none of their bytes", async () => {
  const bytes = 64 * 1024 * 1024;
  const header = { w: { dtype: "F32", shape: [4096, 4096], data_offsets: [0, bytes] } };
  const head = forged({ ...header, __metadata__: { note: "<b>x</b>" } });
  const byteAt = (at: number) => head[at] ?? 0;
  const file = fakeFile("big.safetensors", { size: head.byteLength + bytes, byteAt });
  const { facts, tensors } = await readModel(file);
  assertEquals(tensors.map(({ name, dtype, shape, size }) => [name, dtype, shape, size]), [
    ["w", "float32", [4096, 4096], bytes],
  ]);
  assertEquals(Object.fromEntries(facts), { Format: "safetensors", note: "<b>x</b>" });
  assertEquals(layersOf(tensors), [{ name: "w", tensors: 1, parameters: 4096 ** 2, size: bytes }]);
  assert(file.bytesRead() < 1024, `${file.bytesRead()}`);
  await assertRejects(() => readModel(fakeFile("bad.safetensors", new Uint8Array(20).fill(9))));
});

Deno.test("the arrays of a .npz file have their types and shapes", async () => {
  const { entries } = await listArchive(fakeFile("arrays.npz", samples.get("arrays.npz")!));
  assertEquals(entries.map(({ path, kind }) => [path, kind]), [["cube.npy", "int16 6 x 40 x 50"]]);
});

Deno.test("compressed arrays of a .npz file are unpacked for their headers only", async () => {
  const written = new URL("files/packed.npz", import.meta.url);
  const file = fakeFile("packed.npz", await Deno.readFile(written));
  const { entries, end } = await listArchive(file);
  assertEquals(entries.map(({ path, kind }) => [path, kind]), [
    ["small.npy", "float32 3 x 4"],
    ["large.npy", "int64 50 x 50"],
  ]);
  assertEquals(end, undefined);
});
