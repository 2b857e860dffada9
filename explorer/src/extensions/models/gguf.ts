// GGUF files (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), versions 2 and 3: keys
// with values, then the names, types and shapes of the tensors.
import type { FileToRead, ModelTensor, OpenedModel } from "../../extending.ts";
import { HeaderReader, textOf } from "./header_reader.ts";

/** A key and its value, as text. */
export interface GgufKey {
  readonly key: string;
  readonly type: string;
  readonly text: string;
}

export interface OpenedGguf extends OpenedModel {
  readonly keys: readonly GgufKey[];
}

const MAX_KEYS = 10_000;
const MAX_TENSORS = 200_000;
const MAX_NAME_BYTES = 65_535;
const MAX_AXES = 8;
/** Characters of a value, and elements of a list, that are shown. */
const SHOWN_BYTES = 4096;
const SHOWN_ELEMENTS = 8;
/** Lists in lists. */
const MAX_DEPTH = 3;

type ReadNumber = (view: DataView, isLittle: boolean) => number | bigint | boolean;

/** Types of values by number: their bytes and how they are read. */
const SCALARS: Readonly<Record<number, readonly [name: string, bytes: number, read: ReadNumber]>> =
  {
    0: ["uint8", 1, (view) => view.getUint8(0)],
    1: ["int8", 1, (view) => view.getInt8(0)],
    2: ["uint16", 2, (view, isLittle) => view.getUint16(0, isLittle)],
    3: ["int16", 2, (view, isLittle) => view.getInt16(0, isLittle)],
    4: ["uint32", 4, (view, isLittle) => view.getUint32(0, isLittle)],
    5: ["int32", 4, (view, isLittle) => view.getInt32(0, isLittle)],
    6: ["float32", 4, (view, isLittle) => view.getFloat32(0, isLittle)],
    7: ["bool", 1, (view) => view.getUint8(0) !== 0],
    10: ["uint64", 8, (view, isLittle) => view.getBigUint64(0, isLittle)],
    11: ["int64", 8, (view, isLittle) => view.getBigInt64(0, isLittle)],
    12: ["float64", 8, (view, isLittle) => view.getFloat64(0, isLittle)],
  };
const STRING = 8;
const LIST = 9;

/** Types of tensors by number: their name, and how many numbers have how many bytes. */
const TENSOR_TYPES: Readonly<Record<number, readonly [string, numbers: number, bytes: number]>> = {
  0: ["F32", 1, 4],
  1: ["F16", 1, 2],
  2: ["Q4_0", 32, 18],
  3: ["Q4_1", 32, 20],
  6: ["Q5_0", 32, 22],
  7: ["Q5_1", 32, 24],
  8: ["Q8_0", 32, 34],
  10: ["Q2_K", 256, 84],
  11: ["Q3_K", 256, 110],
  12: ["Q4_K", 256, 144],
  13: ["Q5_K", 256, 176],
  14: ["Q6_K", 256, 210],
  15: ["Q8_K", 256, 292],
  16: ["IQ2_XXS", 256, 66],
  17: ["IQ2_XS", 256, 74],
  18: ["IQ3_XXS", 256, 98],
  19: ["IQ1_S", 256, 50],
  20: ["IQ4_NL", 32, 18],
  21: ["IQ3_S", 256, 110],
  22: ["IQ2_S", 256, 82],
  23: ["IQ4_XS", 256, 136],
  24: ["I8", 1, 1],
  25: ["I16", 1, 2],
  26: ["I32", 1, 4],
  27: ["I64", 1, 8],
  28: ["F64", 1, 8],
  29: ["IQ1_M", 256, 56],
  30: ["BF16", 1, 2],
  34: ["TQ1_0", 256, 54],
  35: ["TQ2_0", 256, 66],
  39: ["MXFP4", 32, 17],
};

/** Opens a GGUF file. Reads its header, and no weights. */
export async function openGguf(file: FileToRead, signal?: AbortSignal): Promise<OpenedGguf> {
  const cursor = new Cursor(new HeaderReader(file, signal));
  const { version, tensorCount, keyCount } = await cursor.start();
  const keys: GgufKey[] = [];
  for (let i = 0; i < keyCount; i++) {
    const key = await cursor.name();
    const type = await cursor.uint32();
    keys.push({ key, ...await cursor.value(type, 0) });
  }
  const placed: (Omit<ModelTensor, "offset"> & { offset: number })[] = [];
  for (let i = 0; i < tensorCount; i++) placed.push(await cursor.tensor());
  const alignment = Number(keys.find(({ key }) => key === "general.alignment")?.text ?? 32);
  if (!(alignment >= 1 && alignment <= 65_536)) throw cursor.damaged("its alignment is invalid");
  const begin = Math.ceil(cursor.at / alignment) * alignment;
  const tensors = placed.map((tensor) => ({ ...tensor, offset: begin + tensor.offset }));
  for (const { name, offset, size = 0 } of tensors) {
    if (offset + size <= file.size) continue;
    throw cursor.damaged(`tensor ${JSON.stringify(name)} ends after the file`);
  }
  const textOfKey = (name: string) => keys.find(({ key }) => key === name)?.text;
  return {
    facts: [
      ["Format", `GGUF ${version}`],
      ["Name", textOfKey("general.name")],
      ["Architecture", textOfKey("general.architecture")],
      ["Context", textOfKey(`${textOfKey("general.architecture")}.context_length`)],
      ["License", textOfKey("general.license")],
    ],
    keys,
    tensors,
  };
}

/** Reads one value after the other. */
class Cursor {
  readonly #reader: HeaderReader;
  #isLittle = true;
  at = 0;

  constructor(reader: HeaderReader) {
    this.#reader = reader;
  }

  damaged(state: string) {
    return this.#reader.damaged(state);
  }

  async start() {
    if (textOf(await this.#take(4)) !== "GGUF") throw this.damaged("not a GGUF file");
    const number = await this.uint32();
    this.#isLittle = (number & 0xffff) !== 0;
    const version = this.#isLittle ? number : number >>> 24;
    if (version !== 2 && version !== 3) {
      throw this.#reader.refused(`its format version is ${version}, supported are 2 and 3`);
    }
    const [tensorCount, keyCount] = [await this.#count(), await this.#count()];
    if (keyCount > MAX_KEYS) throw this.#reader.refused(`it has ${keyCount} keys`);
    if (tensorCount > MAX_TENSORS) throw this.#reader.refused(`it has ${tensorCount} tensors`);
    return { version, tensorCount, keyCount };
  }

  async uint32(): Promise<number> {
    return (await this.#view(4)).getUint32(0, this.#isLittle);
  }

  async name(): Promise<string> {
    const length = await this.#count();
    if (length > MAX_NAME_BYTES) throw this.damaged(`a name has ${length} bytes`);
    return textOf(await this.#take(length));
  }

  async value(type: number, depth: number): Promise<Omit<GgufKey, "key">> {
    const scalar = SCALARS[type];
    if (scalar !== undefined) {
      const [name, bytes, read] = scalar;
      return { type: name, text: scalarText(read(await this.#view(bytes), this.#isLittle)) };
    }
    if (type === STRING) return { type: "string", text: await this.#shownString() };
    if (type === LIST && depth < MAX_DEPTH) return await this.#list(depth + 1);
    throw this.damaged(`a value has the type ${type}`);
  }

  async tensor() {
    const name = await this.name();
    const axes = await this.uint32();
    if (axes > MAX_AXES) throw this.damaged(`tensor ${JSON.stringify(name)} has ${axes} axes`);
    const shape: number[] = [];
    for (let i = 0; i < axes; i++) shape.push(await this.#count());
    const type = await this.uint32();
    const offset = await this.#count();
    const parameters = shape.reduce((product, side) => product * side, 1);
    const [dtype = `type ${type}`, numbers = 1, bytes] = TENSOR_TYPES[type] ?? [];
    const size = bytes === undefined ? undefined : Math.ceil(parameters / numbers) * bytes;
    if (!Number.isSafeInteger(size ?? 0)) {
      throw this.damaged(`tensor ${JSON.stringify(name)} is larger than any file`);
    }
    return { name, dtype, shape, parameters, size, offset };
  }

  async #list(depth: number): Promise<Omit<GgufKey, "key">> {
    const type = await this.uint32();
    const count = await this.#count();
    const shown: string[] = [];
    const scalar = SCALARS[type];
    const name = scalar?.[0] ?? (type === STRING ? "string" : "list");
    const least = scalar?.[1] ?? 8;
    if (count * least > this.#reader.size - this.at) {
      throw this.damaged(`a list has ${count} elements`);
    }
    let read = 0;
    for (; read < count && (read < SHOWN_ELEMENTS || scalar === undefined); read++) {
      if (read < SHOWN_ELEMENTS) shown.push((await this.value(type, depth)).text);
      else if (type === STRING) this.#skip(await this.#count());
      else await this.value(type, depth);
    }
    if (scalar !== undefined) this.#skip((count - read) * scalar[1]);
    const rest = count > SHOWN_ELEMENTS ? ", …" : "";
    return { type: `${count} x ${name}`, text: `[${shown.join(", ")}${rest}]` };
  }

  async #shownString(): Promise<string> {
    const length = await this.#count();
    const shown = Math.min(length, SHOWN_BYTES);
    const text = textOf(await this.#take(shown));
    this.#skip(length - shown);
    return length > shown ? `${text}…` : text;
  }

  async #count(): Promise<number> {
    const count = (await this.#view(8)).getBigUint64(0, this.#isLittle);
    if (count <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(count);
    throw this.damaged(`it declares ${count} elements`);
  }

  async #view(length: number) {
    const view = await this.#reader.view(this.at, length);
    this.at += length;
    return view;
  }

  async #take(length: number) {
    const bytes = await this.#reader.bytes(this.at, length);
    this.at += length;
    return bytes;
  }

  #skip(length: number): void {
    this.at += length;
    if (this.at > this.#reader.size) throw this.damaged("it is truncated");
  }
}

function scalarText(value: number | bigint | boolean): string {
  return typeof value === "number" && !Number.isInteger(value)
    ? String(Number(value.toPrecision(7)))
    : String(value);
}
