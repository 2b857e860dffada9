// Files of the libraries: those of torch, timm, peft and ultralytics are stored, the others are
// written now.
import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  describeModel,
  describeModelFolder,
  gguf,
  onnx,
  openSafetensors,
  pytorch,
  safetensors,
  type Tensor,
  toFloat32,
} from "../../../formats/models/mod.ts";
import { FILE_TYPES, GGUF_TYPES } from "../../../formats/models/gguf.ts";
import { LAYOUTS } from "../../../formats/models/tensors.ts";
import { runPython } from "../../support/numpy.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { fileOf } from "../format_files.ts";
import { FIXTURES, openAt, python, readBytes, tensorBytes, why } from "./files.ts";

interface Written {
  tensors: Record<string, [shape: number[], hex: string]>;
  gguf: { sizes: Record<string, [string, number, number]>; kinds: Record<string, string> };
}

function testWritten(name: string, run: (root: TempRoot, written: Written) => Promise<void>) {
  testInRoot(`${name}${why}`, async (root) => {
    const program = "tests/formats/models/write.py";
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

testWritten("facts of ONNX files are inputs, outputs and operator sets", async (root) => {
  const [plain, quantized, external] = await Promise.all(
    ["plain", "quantized", "external"].map(async (name) =>
      await describeModel(await openAt(root.join(`${name}.onnx`)))
    ),
  );
  const expected = {
    kind: "onnx",
    irVersion: 10,
    opsets: { "ai.onnx": 21, "com.microsoft": 1 },
    producer: "test 1.2",
    graph: "net",
    inputs: [
      { name: "x", type: "float32", shape: ["batch", 3, null] },
      { name: "many", type: "sequence" },
      { name: "rankless", type: "bfloat16" },
    ],
    outputs: [{ name: "y", type: "float16", shape: [] }],
    nodes: 2,
    parameters: 13,
    externalData: false,
    quantized: false,
    metadata: { task: "détection" },
  } as const;
  assertEquals(plain, { ...expected } as unknown);
  assertEquals(quantized, { ...expected, nodes: 3, quantized: true } as unknown);
  assertEquals(external, { ...expected, nodes: 3, quantized: true, externalData: true } as unknown);
  const path = root.join("plain.onnx");
  assertEquals(await onnx().decode(await openAt(path)), await readBytes(path));
});

testWritten("facts of GGUF files are architecture, quantization and sizes", async (root, all) => {
  const path = root.join("model.gguf");
  assertEquals(await describeModel(await openAt(path)), {
    kind: "gguf",
    version: 3,
    architecture: "llama",
    name: "tiny",
    quantization: "Q8_0",
    tokenizer: "llama",
    license: "mit",
    tensors: 3,
    types: { F32: 1, F16: 1, Q8_0: 1 },
    parameters: 768,
    architectureFacts: {
      context_length: 2048,
      block_count: 2,
      "attention.layer_norm_rms_epsilon": 0.5,
      negative: -3,
      flag: true,
    },
  });
  assertEquals(await gguf().decode(await openAt(path)), await readBytes(path));
  for (const [id, layout] of Object.entries(all.gguf.sizes)) {
    if (layout[0] === "Q8_1") continue; // never in files; the library and ggml differ in its size
    assertEquals(GGUF_TYPES.get(Number(id)), layout);
  }
  for (const [id, name] of Object.entries(all.gguf.kinds)) {
    if (name !== "GUESSED") assertEquals(`${FILE_TYPES[Number(id)]}`, name.replace(/^[A-Z]+_/, ""));
  }
});

Deno.test("files of PyTorch and ultralytics stay bytes, and their kind is named", async () => {
  const kinds = {
    "state.pt": { kind: "pytorch", container: "zip", storages: 4, storageBytes: 92 },
    "pytorch_model.bin": { kind: "pytorch", container: "zip", storages: 4, storageBytes: 92 },
    "legacy.pth": { kind: "pytorch", container: "legacy" },
    "script.pt": { kind: "pytorch", container: "torchscript", storages: 4, storageBytes: 92 },
    "ultralytics.pt": {
      ...{ kind: "pytorch", container: "zip", library: "ultralytics" },
      ...{ storages: 45, storageBytes: 96_554 },
    },
  };
  for (const [name, expected] of Object.entries(kinds)) {
    const path = join(FIXTURES, name);
    assertEquals(await describeModel(await openAt(path)), expected as unknown, name);
    assertEquals(await pytorch().decode(await openAt(path)), await readBytes(path));
  }
  for (const name of ["a.bin", "a.ckpt", "a.txt"]) {
    assertEquals(await describeModel(fileOf("PK\x03\x04 is not a ZIP file", name)), undefined);
    assertEquals(await describeModel(fileOf("", name)), undefined);
  }
});

Deno.test("folders of timm and peft are recognized", async () => {
  const folder = async (name: string) => {
    const names = await readdir(join(FIXTURES, name));
    const files = names.map((file) => openAt(join(FIXTURES, name, file), file));
    return await describeModelFolder(await Promise.all(files));
  };
  const float32 = { kind: "safetensors", tensors: 2, types: { float32: 2 }, parameters: 14 };
  assertEquals(await folder("peft"), {
    kind: "peft",
    architecture: "LORA",
    base: "team/base",
    weights: { path: "adapter_model.safetensors", ...float32, metadata: { format: "pt" } },
  } as unknown);
  const timm = await folder("timm");
  assertEquals([timm?.kind, timm?.architecture], ["timm", "test_efficientnet_gn"]);
  assertEquals(timm?.weights?.kind === "safetensors" && timm.weights.types, { float16: 49 });
  const config = fileOf('{"model_type":"bert","architectures":["BertModel"]}', "config.json");
  const bert = { kind: "transformers", architecture: "BertModel" };
  assertEquals(await describeModelFolder([config]), bert as unknown);
  assertEquals(await describeModelFolder([fileOf("{}", "config.json")]), undefined);
  assertEquals(await describeModelFolder([]), undefined);
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
