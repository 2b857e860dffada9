// Files that are no weights, or whose headers lie: they are stored and read as they are.
import { assertEquals } from "@std/assert";
import { concatBytes } from "../../../../core/bytes/bytes.ts";
import { openRegistry } from "../../../../mod.ts";
import { headOf, MIB, storeOf } from "../shared_bytes.ts";
import { createRandom } from "../../../simulate/random.ts";
import { AS, loaded, PATH, VALUES } from "./training.ts";
import { layer, trained } from "./weights.ts";

const FIRST = layer(1024, 1024, 5), SECOND = trained(FIRST, 6);
const END = FIRST.bytes.length;

const sized = (length: bigint, text: string) => {
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, length, true);
  return concatBytes([size, new TextEncoder().encode(text)]);
};
const header = (value: unknown) => {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return sized(BigInt(text.length), text);
};
const tensor = (more: object = {}) => ({
  dtype: "BF16",
  shape: [1024, 1024],
  data_offsets: [0, END],
  ...more,
});

/** Headers. Without tensors, values are found by their place: the sizes are equal. */
const HEADERS: Record<string, Uint8Array> = {
  "right": header({ a: tensor() }),
  "no tensor": header({}),
  "an unknown type": header({ a: tensor({ dtype: "F6_E3M2" }) }),
  "odd names": header({ "__proto__": tensor(), "": tensor({ data_offsets: [0, 0] }) }),
  "an empty tensor": header({ a: tensor({ shape: [0], data_offsets: [5, 5] }) }),
  "half a value": header({ a: tensor({ data_offsets: [1, END] }) }),
  "overlapping tensors": header({ a: tensor(), b: tensor({ data_offsets: [9, 99] }) }),
  "offsets of the wrong order": header({ a: tensor({ data_offsets: [9, 3] }) }),
  "offsets past the end": header({ a: tensor({ data_offsets: [0, 2 ** 52] }) }),
  "negative offsets": header({ a: tensor({ data_offsets: [-8, 8] }) }),
  "texts as offsets": header({ a: tensor({ data_offsets: ["0", "8"] }) }),
  "a shape that lies": header({ a: tensor({ shape: [7, 2 ** 40] }) }),
  "null": header("null"),
  "a list": header("[1]"),
  "nested 100,000 deep": header("[".repeat(100_000)),
  "not JSON": header("{"),
  "a length of 2^63": sized(2n ** 63n, "{}"),
  "a length past the end": sized(BigInt(3 * END), "{}"),
};

for (const [what, start] of Object.entries(HEADERS)) {
  Deno.test(`a file is stored as it is, whatever its header says: ${what}`, async () => {
    const store = storeOf("memory"), registry = await openRegistry(store, { cache: false });
    const files = [FIRST, SECOND].map(({ bytes }) => concatBytes([start, bytes]));
    for (const [i, file] of files.entries()) {
      await registry.save("a", { [PATH]: file }, VALUES);
      assertEquals(await loaded(registry, `a@${i + 1}`), file);
    }
    const { files: [saved] } = await headOf(store);
    assertEquals(saved!.encoding, "values");
  });
}

for (const size of [0, 1, 15, MIB - 1, MIB, MIB + 1, 3 * MIB + 7]) {
  for (const path of ["model.safetensors", "state.bin", "array.npy", "text.txt"]) {
    Deno.test(`${size} bytes of ${path} are read as they were saved`, async () => {
      const registry = await openRegistry(storeOf("memory"), { cache: false });
      const random = createRandom(size), bytes = new Uint8Array(size);
      for (let i = 0; i < size; i += 97) bytes[i] = random.int(256);
      for (let version = 1; version <= 3; version++) {
        if (size > 0) bytes[random.int(size)]! ^= 255;
        await registry.save("a", { [path]: bytes.slice() }, VALUES);
        const read = await registry.load(`a@${version}`, AS) as Record<string, unknown>;
        assertEquals(read[path], bytes);
      }
    });
  }
}
