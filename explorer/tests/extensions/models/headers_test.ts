// Headers of models, as the libraries of their formats wrote them, and hostile ones.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openGguf } from "../../../src/extensions/models/gguf.ts";
import { openHdf5 } from "../../../src/extensions/models/hdf5/open_hdf5.ts";
import { openOnnx } from "../../../src/extensions/models/onnx.ts";
import { layersOf } from "../../../src/previews/models/model.ts";
import { fakeFile, type NotedFile } from "../../support/fake_file.ts";
import { readModelFile } from "./model_files.ts";

Deno.test("a GGUF file shows its keys, tensors and their sizes, and reads no weights", async () => {
  const head = await readModelFile("first.gguf");
  const size = head.byteLength + 2 ** 40;
  const file = fakeFile("m.gguf", { size, byteAt: (at) => head[at] ?? 0 });
  const { facts, keys, tensors } = await openGguf(file);
  assertEquals(facts, [
    ["Format", "GGUF 3"],
    ["Name", "tiny"],
    ["Architecture", "llama"],
    ["Context", "2048"],
    ["License", "mit"],
  ]);
  const byKey = new Map(keys.map(({ key, type, text }) => [key, [type, text]]));
  assertEquals(byKey.get("tokenizer.ggml.tokens"), [
    "20 x string",
    "[t0, t1, t2, t3, t4, t5, t6, t7, …]",
  ]);
  assertEquals(byKey.get("tokenizer.ggml.scores")?.[0], "20 x float32");
  assertEquals(
    tensors.map(({ name, dtype, shape, parameters, size }) =>
      `${name} ${dtype} ${shape} ${parameters} ${size}`
    ),
    [
      "token_embd.weight F32 8,20 160 640",
      ...[0, 1, 2].flatMap((i) => [
        `blk.${i}.attn_q.weight F32 8,8 64 256`,
        `blk.${i}.norm.weight F16 8 8 16`,
      ]),
      "output.weight Q8_0 64,4 256 272",
    ],
  );
  assertEquals(layersOf(tensors).map(({ name, tensors, size }) => [name, tensors, size]), [
    ["token_embd", 1, 640],
    ...[0, 1, 2].map((i) => [`blk.${i}`, 2, 272]),
    ["output", 1, 272],
  ]);
  assert(file.bytesRead() < 64 * 1024, `${file.bytesRead()}`);
});

Deno.test("an ONNX file shows inputs, outputs, operators and weights", async () => {
  const { facts, values, operators, tensors } = await openOnnx(
    fakeFile("net.onnx", await readModelFile("net.onnx")),
  );
  assertEquals(
    new Map(facts as [string, string][]).get("Operator sets"),
    "ai.onnx 17, com.microsoft 1",
  );
  assertEquals(new Map(facts as [string, string][]).get("note"), "<b>x</b>");
  assertEquals(values.map(({ name, kind, type, shape }) => `${kind} ${name} ${type} ${shape}`), [
    "input x float32 batch,4",
    "output z float32 batch,8",
  ]);
  assertEquals(operators.map(({ name, nodes }) => `${name} ${nodes}`), [
    "Relu 2",
    "MatMul 1",
    "com.microsoft.FusedGelu 1",
  ]);
  assertEquals(tensors.map(({ name, dtype, shape, size }) => `${name} ${dtype} ${shape} ${size}`), [
    "fc1.weight float32 4,8 128",
    "fc1.bias float16 8 16",
  ]);
});

/** The tree of both HDF5 files, without the links below `/many`. */
const TREE = [
  "group /",
  "dataset /empty float32",
  "group /many",
  "group /model_weights",
  "group /model_weights/dense",
  "dataset /model_weights/dense/bias:0 float16 4",
  "dataset /model_weights/dense/kernel:0 float32 8,4",
  "group /model_weights/dense_1",
  "dataset /model_weights/dense_1/bias:0 float16 4",
  "dataset /model_weights/dense_1/kernel:0 float32 8,4",
  "link /model_weights/loop the same as /",
  "dataset /names string 2",
  "link /outside to another file",
  "dataset /packed int64 10,100 shuffle, gzip",
  "link /same the same as /model_weights/dense",
  "link /soft to /model_weights/dense",
  "dataset /table compound 3",
];

for (const [name, version] of [["old.h5", 0], ["new.h5", 3]] as const) {
  Deno.test(`an HDF5 file of superblock ${version} shows its tree, with attributes`, async () => {
    const file = fakeFile(name, await readModelFile(name));
    const { facts, objects, attributes, tensors, end } = await openHdf5(file);
    assertEquals(facts[0], ["Format", `HDF5, superblock ${version}`]);
    assertEquals(end, undefined);
    const lines = objects.map(({ path, kind, type, shape = [], note }) =>
      [kind, path, type, shape.join(), note].filter(Boolean).join(" ")
    );
    assertEquals(lines.filter((line) => !line.includes("/many/")), TREE);
    const links = lines.filter((line) => line.includes("/many/"));
    const many = Array.from({ length: 60 }, (_, i) => {
      return `link /many/link${String(i).padStart(4, "0")} to /target${i}`;
    });
    assertEquals(links, many);
    const notes = Array.from({ length: 12 }, (_, i) => {
      return [`/many@note${String(i).padStart(2, "0")}`, String(i)];
    });
    assertEquals(attributes.map(({ name, text }) => [name, text]), [
      ["/@backend", "tensorflow"],
      ["/@done", "1"],
      ["/@epochs", "12"],
      ["/@keras_version", "3.10.0"],
      ["/@rates", "[0.5, 0.25]"],
      ...notes,
      ["/model_weights/dense@weight_names", "[dense/kernel:0, dense/bias:0]"],
      ["/model_weights/dense_1@weight_names", "[dense_1/kernel:0, dense_1/bias:0]"],
    ]);
    assertEquals(tensors.map(({ name, size, offset }) => [name, size, offset !== undefined]), [
      ["model_weights/dense/bias:0", 8, true],
      ["model_weights/dense/kernel:0", 128, true],
      ["model_weights/dense_1/bias:0", 8, true],
      ["model_weights/dense_1/kernel:0", 128, true],
      ["packed", 8000, false],
    ]);
    assertEquals(layersOf(tensors).map(({ name, tensors }) => `${name} ${tensors}`), [
      "model_weights/dense 2",
      "model_weights/dense_1 2",
      "packed 1",
    ]);
  });
}

type Open = (file: NotedFile) => Promise<unknown>;

const WRITTEN: readonly (readonly [name: string, open: Open])[] = [
  ["first.gguf", openGguf],
  ["net.onnx", openOnnx],
  ["old.h5", openHdf5],
  ["new.h5", openHdf5],
];
/** Changes that are tried of each file. */
const CHANGES = 200;

for (const [name, open] of WRITTEN) {
  Deno.test(`a damaged ${name} is refused or shown, and never reads far`, async () => {
    const bytes = await readModelFile(name);
    const step = Math.max(5, Math.ceil(bytes.byteLength / CHANGES));
    for (let at = 0; at < bytes.byteLength; at += step) {
      for (const value of [0, 0x7f, 0xff]) {
        const changed = bytes.slice();
        changed[at] = value;
        const file = fakeFile(name, changed);
        await open(file).catch(refused);
        assert(file.reads.length < 100, `${file.reads.length} reads after a change at ${at}`);
      }
    }
    for (let length = 0; length < bytes.byteLength; length += step * 2) {
      await open(fakeFile(name, bytes.slice(0, length))).catch(refused);
    }
  });
}

function refused(error: { code?: string; message: string }): void {
  assert(["Corrupt", "Unsupported"].includes(error.code ?? ""), `${error.message}`);
}

/** Returns a GGUF file of some 64-bit numbers after its mark and version. */
function ggufOf(...numbers: bigint[]): Uint8Array {
  const bytes = new Uint8Array(8 + numbers.length * 8);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("GGUF"));
  view.setUint32(4, 3, true);
  for (const [i, number] of numbers.entries()) view.setBigUint64(8 + i * 8, number, true);
  return bytes;
}

Deno.test("GGUF files that declare too much are refused before anything is read for it", async () => {
  const huge = 2n ** 62n;
  for (
    const numbers of [[huge, 0n], [0n, huge], [10n ** 6n, 0n], [0n, 10n ** 6n], [0n, 1n, huge]]
  ) {
    const file = fakeFile("m.gguf", ggufOf(...numbers));
    await assertRejects(() => openGguf(file));
    assert(file.reads.length <= 2);
  }
});

Deno.test("a header of endless small values ends", async () => {
  const file = fakeFile("m.onnx", { size: 2 ** 30, byteAt: () => 8 }); // numbers of field 1
  const error = await assertRejects(() => openOnnx(file));
  assertEquals((error as { code?: string }).code, "Unsupported");
  assert(file.bytesRead() <= 64 * 1024 * 1024);
});

Deno.test("empty files and older formats of the same name get a hint that fits", async () => {
  for (const open of [openGguf, openHdf5]) {
    const error = await assertRejects(() => open(fakeFile("m", new Uint8Array())), Error);
    assertEquals(error.message, "Cannot read the header of m: it is empty");
  }
  const classic = new TextEncoder().encode("CDF\x01".padEnd(200, "\0"));
  const error = await assertRejects(() => openHdf5(fakeFile("sea.nc", classic)));
  assertEquals(
    (error as { hint?: string }).hint,
    "Download the file to read it with its own program.",
  );
});
