// Files of the libraries: those of torch are stored, the others are written now.
import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  openSafetensors,
  safetensors,
  type Tensor,
  toFloat32,
} from "../../../formats/safetensors.ts";
import { LAYOUTS } from "../../../formats/safetensors/tensors.ts";
import { runPython } from "../../support/numpy.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { fileOf } from "../format_files.ts";
import { FIXTURES, openAt, python, readBytes, tensorBytes, why } from "./files.ts";

interface Written {
  tensors: Record<string, [shape: number[], hex: string]>;
}

function testWritten(name: string, run: (root: TempRoot, written: Written) => Promise<void>) {
  testInRoot(`${name}${why}`, async (root) => {
    const program = "tests/formats/safetensors/write.py";
    const options = { maxBuffer: 1 << 26 };
    const { stdout } = await promisify(execFile)(python!, [program, root.path], options);
    await run(root, JSON.parse(stdout));
  }, { ignore: python === undefined });
}

const hexOf = ({ data }: Tensor) =>
  Array.from(
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");

testWritten(
  "safetensors of NumPy are read bit for bit, whole and one by one",
  async (root, all) => {
    const file = await openAt(root.join("numpy.safetensors"));
    const { tensors, metadata } = await safetensors().decode(file);
    assertEquals(metadata, { format: "np", note: "ü" });
    const read = Object.entries(tensors).map(([name, tensor]) => [
      name,
      [[...tensor.shape], hexOf(tensor)],
    ]);
    assertEquals(Object.fromEntries(read), all.tensors);
    for (const [name, { dtype }] of Object.entries(tensors)) {
      if (name in LAYOUTS) assertEquals(dtype, name);
    }
    const opened = await openSafetensors(file);
    for (const name of Object.keys(all.tensors)) {
      assertEquals(await opened.read(name), tensors[name], name);
    }
  },
);

testWritten("the library reads what we write", async (root) => {
  const path = root.join("numpy.safetensors");
  const value = await safetensors().decode(await openAt(path));
  const ours = await tensorBytes(value);
  assertEquals(await safetensors().decode(fileOf(ours)), value);
  await writeFile(root.join("ours.safetensors"), ours);
  const program = [
    "import sys, safetensors",
    "def read(path): return dict(safetensors.deserialize(open(path, 'rb').read()))",
    "a, b = read(sys.argv[1]), read(sys.argv[2])",
    "assert a == b and len(a) > 15",
    "with safetensors.safe_open(sys.argv[2], 'np') as file: print(file.metadata()['note'])",
  ].join("\n");
  const printed = await runPython(python!, program, [path, root.join("ours.safetensors")]);
  assertEquals(printed.trim(), "ü");
});

Deno.test("tensors of torch in types that JavaScript lacks are exact as float32", async () => {
  const { tensors } = await safetensors().decode(await openAt(join(FIXTURES, "torch.safetensors")));
  const text = new TextDecoder().decode(await readBytes(join(FIXTURES, "torch.json")));
  const known: Record<string, unknown[]> = JSON.parse(text.replaceAll("Infinity", "null"));
  for (const name of ["bf16", "e4m3", "e5m2"]) {
    const found = Array.from(toFloat32(tensors[name]), (value) => isFinite(value) ? value : null);
    assertEquals(found, known[name], name);
  }
  assertEquals([...toFloat32(tensors.f16)], [1.5, -2]);
  assertEquals(tensors.i64.data, BigInt64Array.of(2n ** 53n + 1n, -1n));
  assertEquals(tensors.bf16.data.constructor, Uint16Array);
});
