// Headers of models, as the libraries of their formats wrote them, and hostile ones.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openGguf } from "../../../src/extensions/models/gguf.ts";
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

type Open = (file: NotedFile) => Promise<unknown>;

const WRITTEN: readonly (readonly [name: string, open: Open])[] = [
  ["first.gguf", openGguf],
  ["net.onnx", openOnnx],
];

for (const [name, open] of WRITTEN) {
  Deno.test(`a damaged ${name} is refused or shown, and never reads far`, async () => {
    const bytes = await readModelFile(name);
    for (let at = 0; at < bytes.byteLength; at += 3) {
      for (const value of [0, 0x7f, 0xff]) {
        const changed = bytes.slice();
        changed[at] = value;
        const file = fakeFile(name, changed);
        await open(file).catch(refused);
        assert(file.reads.length < 100, `${file.reads.length} reads after a change at ${at}`);
      }
    }
    for (let length = 0; length < bytes.byteLength; length += 7) {
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
