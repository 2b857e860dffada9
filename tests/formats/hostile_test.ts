import { assert, assertEquals, assertRejects } from "@std/assert";
import process from "node:process";
import type { Format } from "../../formats/content/format.ts";
import { bytesFile } from "../../formats/content/content.ts";
import { json } from "../../formats/json.ts";
import { createFormats } from "../../formats/mod.ts";
import { npy } from "../../formats/npy.ts";
import { sampleFiles } from "./mutate/samples.ts";
import { refused } from "../support/refused.ts";
import { slowTest } from "../support/seeds.ts";

const text = (content: string) => new TextEncoder().encode(content);

async function decode<T>(format: Format<T>, bytes: Uint8Array): Promise<T> {
  return await format.decode(bytesFile(`a${format.extensions[0]}`, bytes));
}

/** A `.npy` file of version 2.0 with this header. */
function npyOf(shape: string, { fortran = "True", data = new Uint8Array() } = {}): Uint8Array {
  const header = text(`{'descr': '|u1', 'fortran_order': ${fortran}, 'shape': ${shape}}`);
  const file = new Uint8Array(12 + header.byteLength + data.byteLength);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0]);
  new DataView(file.buffer).setUint32(8, header.byteLength, true);
  file.set(header, 12);
  file.set(data, 12 + header.byteLength);
  return file;
}

Deno.test("JSON: a number above the maximum is refused in any notation", async () => {
  for (const number of ["1e400", "-1E+309", `1${"0".repeat(400)}`, `0.5e${"9".repeat(30)}`]) {
    await refused("Unsupported", decode(json(), text(`{"a":[${number}]}`)));
  }
  assertEquals(await decode(json(), text('[1e300,1e-400,"1e400"]')), [1e300, 0, "1e400"]);
});

Deno.test("JSON: nesting that is too deep is Unsupported, not Corrupt", async () => {
  const deep = (inner: string) => text("[".repeat(100_000) + inner + "]".repeat(100_000));
  await refused("Unsupported", decode(json(), deep("1234567890123456")));
  await refused("Corrupt", decode(json(), text("[1234567890123456")));
});

Deno.test("npy: hostile headers are parsed in little time", async () => {
  const begin = process.cpuUsage();
  const shapes = [" ".repeat(65_000), "1,".repeat(32_000), "1".repeat(65_000)];
  for (const shape of shapes.map((text) => `(${text}x`)) {
    await refused("Corrupt", decode(npy(), npyOf(shape)));
  }
  const data = Uint8Array.from({ length: 6000 }, (_, i) => i);
  const array = await decode(npy(), npyOf(`(2, ${"1,".repeat(30_000)} 3000)`, { data }));
  assertEquals([array.shape.length, ...array.data.subarray(0, 3)], [30_002, 0, 2, 4]);
  const { user } = process.cpuUsage(begin); // not the time of others on a busy machine
  assert(user < 2_000_000, `${user} µs`);
});

Deno.test("npy: a shape that does not match the elements is refused before allocation", async () => {
  const shapes = [
    "9007199254740991, 9007199254740991",
    "3,",
    "1000000000000,",
    "9".repeat(20) + ",",
  ];
  for (const shape of shapes.map((text) => `(${text})`)) {
    await refused("Corrupt", decode(npy(), npyOf(shape, { data: new Uint8Array(2) })));
  }
  await refused("Corrupt", decode(npy(), npyOf("(2 )", { data: new Uint8Array(2) })));
  assertEquals((await decode(npy(), npyOf("( 2 , )", { data: new Uint8Array(2) }))).shape, [2]);
  assertEquals((await decode(npy(), npyOf("( )", { data: new Uint8Array(1) }))).shape, []);
  assertEquals((await decode(npy(), npyOf("(0, 9007199254740991)"))).data.length, 0);
});

slowTest("an aborted decoding throws the reason", async () => {
  const reason = new Error("stopped");
  const formats = createFormats();
  for (const { id, bytes } of await sampleFiles()) {
    const file = bytesFile(id, bytes);
    const signal = AbortSignal.abort(reason);
    const format = await formats.get(id);
    const decoding = assertRejects(async () => await format.decode(file, { signal }));
    assertEquals(await decoding, reason, id);
  }
});
