// Files of weights that change as training changes them.
import { concatBytes } from "../../../../core/bytes/bytes.ts";
import { createRandom } from "../../../simulate/random.ts";

export interface Tensor {
  dtype: "BF16" | "F32" | "I8";
  shape: number[];
  bytes: Uint8Array;
}

/** Encodes tensors as safetensors, in their order. */
export function safetensors(tensors: Readonly<Record<string, Tensor>>): Uint8Array {
  let at = 0;
  const header = Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, bytes }]) => {
      const from = at;
      at += bytes.length;
      return [name, { dtype, shape, data_offsets: [from, at] }];
    }),
  );
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return concatBytes([length, text, ...Object.values(tensors).map(({ bytes }) => bytes)]);
}

/** Makes values like those of a layer: small numbers, with random mantissas. */
export function layer(rows: number, columns: number, seed: number): Tensor {
  const { next } = createRandom(seed), values = new Float32Array(rows * columns);
  for (let i = 0; i < values.length; i++) values[i] = (next() - 0.5) * 0.1;
  return { dtype: "BF16", shape: [rows, columns], bytes: halved(values) };
}

/** Cuts float32 to bfloat16. */
function halved(values: Float32Array): Uint8Array {
  const bits = new Uint32Array(values.buffer), short = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) short[i] = bits[i]! >>> 16;
  return new Uint8Array(short.buffer);
}

/** Changes the last bits of a share of the values, as a step of training does. */
export function trained(tensor: Tensor, seed: number, share = 0.05): Tensor {
  const { next } = createRandom(seed), bytes = tensor.bytes.slice();
  const values = new Uint16Array(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    if (next() < share) values[i]! += next() < 0.5 ? 1 : -1;
  }
  return { ...tensor, bytes };
}
