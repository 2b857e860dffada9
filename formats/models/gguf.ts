// Facts in the header of a `.gguf` file
// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
import { readAll } from "../../core/bytes/bytes.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { shown } from "../../core/naming/names.ts";
import { countElements } from "../arrays/ndarray.ts";
import { corrupt, countTexts, shortText, unsupported } from "./faults.ts";
import { type GgufEntry, GgufHeader, TooShort } from "./gguf_header.ts";

/** Facts of a GGUF model. */
export interface GgufFacts {
  kind: "gguf";
  /** The version of the format. */
  version: number;
  /** `llama`, if it is there. */
  architecture?: string;
  name?: string;
  /** How most weights are stored: `Q4_K_M`. */
  quantization?: string;
  tensors: number;
  /** How many tensors have each type. */
  types: Record<string, number>;
  /** Numbers in its weights. */
  parameters: number;
  /** Numbers and strings of the architecture, such as `context_length` and `block_count`. */
  architectureFacts?: Record<string, number | string | boolean>;
  tokenizer?: string;
  license?: string;
}

/** Number, name, elements of a block, and bytes of a block of each type. */
const TYPE_ROWS = [
  ..."0 F32 1 4, 1 F16 1 2, 2 Q4_0 32 18, 3 Q4_1 32 20, 6 Q5_0 32 22, 7 Q5_1 32 24".split(", "),
  ..."8 Q8_0 32 34, 10 Q2_K 256 84, 11 Q3_K 256 110, 12 Q4_K 256 144, 13 Q5_K 256 176".split(", "),
  ..."14 Q6_K 256 210, 15 Q8_K 256 292, 16 IQ2_XXS 256 66, 17 IQ2_XS 256 74".split(", "),
  ..."18 IQ3_XXS 256 98, 19 IQ1_S 256 50, 20 IQ4_NL 32 18, 21 IQ3_S 256 110".split(", "),
  ..."22 IQ2_S 256 82, 23 IQ4_XS 256 136, 24 I8 1 1, 25 I16 1 2, 26 I32 1 4".split(", "),
  ..."27 I64 1 8, 28 F64 1 8, 29 IQ1_M 256 56, 30 BF16 1 2, 34 TQ1_0 256 54".split(", "),
  ..."35 TQ2_0 256 66, 39 MXFP4 32 17, 40 NVFP4 64 36, 41 Q1_0 128 18".split(", "),
];

/** Name, elements of a block, and bytes of a block of each type. */
export const GGUF_TYPES: ReadonlyMap<number, [name: string, elements: number, bytes: number]> =
  new Map(TYPE_ROWS.map((row) => {
    const [id, name = "", elements, bytes] = row.split(" ");
    return [Number(id), [name, Number(elements), Number(bytes)]];
  }));

/** Names of `general.file_type`. */
export const FILE_TYPES: Readonly<Record<number, string>> = {
  ...{ 0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K" },
  ...{ 11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S" },
  ...{ 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS" },
  ...{ 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S" },
  ...{ 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0" },
  ...{ 38: "MXFP4_MOE", 39: "NVFP4", 40: "Q1_0" },
};
const FIRST_BYTES = 65_536;
/** Longest header: a vocabulary of a million tokens has some 30 MB. */
const MAX_HEADER_BYTES = 256 * 1024 * 1024;

/** Reads the facts of a model: more and more of the beginning, until it has the whole header. */
export async function readGguf(file: FileToDecode, signal?: AbortSignal): Promise<GgufFacts> {
  for (let length = FIRST_BYTES;; length *= 4) {
    const wanted = Math.min(length, file.size);
    if (wanted > MAX_HEADER_BYTES) {
      throw unsupported(file.path, `its header has more than ${MAX_HEADER_BYTES} bytes`);
    }
    const bytes = wanted === 0
      ? new Uint8Array()
      : await readAll(file.stream({ offset: 0, length: wanted }), signal);
    if (bytes.byteLength !== wanted) {
      throw corrupt(file.path, `expected ${wanted} bytes, got ${bytes.byteLength}`);
    }
    try {
      return factsOf(file, new GgufHeader(file.path, bytes, file.size));
    } catch (error) {
      if (!(error instanceof TooShort)) throw error;
      if (wanted === file.size) throw corrupt(file.path, `it is truncated in its ${error.message}`);
    }
  }
}

interface Tensor {
  name: string;
  type: string;
  count: number;
  offset: number;
  size?: number;
}

function factsOf({ path, size }: FileToDecode, header: GgufHeader): GgufFacts {
  const { version, tensorCount, entryCount } = header.start();
  const entries = new Map<string, GgufEntry>();
  for (let i = 0; i < entryCount; i++) {
    const [key, value] = header.entry();
    if (entries.has(key)) throw corrupt(path, `the key ${shown(key)} is there twice`);
    entries.set(key, value);
  }
  const tensors: Tensor[] = [];
  for (let i = 0; i < tensorCount; i++) {
    const { name, type: id, shape, offset } = header.tensor();
    const [type, elements, bytes] = GGUF_TYPES.get(id) ?? [`type ${id}`, 1, undefined];
    const count = countElements(shape);
    const rows = (shape[0] ?? 1) / elements;
    if (bytes !== undefined && !Number.isInteger(rows)) {
      throw corrupt(
        path,
        `tensor ${shown(name)}: rows of ${shape[0]} are not whole ${type} blocks`,
      );
    }
    const room = bytes === undefined ? undefined : count / elements * bytes;
    tensors.push({ name, type, count, offset, size: room });
  }
  const alignment = entries.get("general.alignment") ?? 32;
  if (typeof alignment !== "number" || alignment < 1 || !Number.isSafeInteger(alignment)) {
    throw corrupt(path, "invalid general.alignment");
  }
  const dataOffset = Math.ceil(header.at / alignment) * alignment;
  checkPlaces(path, tensors, { alignment, room: size - dataOffset });
  return summary(version, entries, tensors);
}

/** Throws `Corrupt` unless tensors lie in the file, aligned, and none over another. */
function checkPlaces(
  path: string,
  tensors: readonly Tensor[],
  { alignment, room }: { alignment: number; room: number },
): void {
  let [end, before] = [0, ""];
  for (const { name, offset, size = 0 } of tensors.toSorted((a, b) => a.offset - b.offset)) {
    const refuse = (state: string) => corrupt(path, `tensor ${shown(name)}: ${state}`);
    if (offset % alignment !== 0) {
      throw refuse(`offset ${offset} is not a multiple of ${alignment}`);
    }
    if (size > 0 && offset < end) throw refuse(`it overlaps ${shown(before)}, at offset ${offset}`);
    if (offset + size > room && size > 0) {
      throw refuse(`${size} bytes at offset ${offset}, there are ${Math.max(room, 0)}`);
    }
    if (size > 0) [end, before] = [offset + size, name];
  }
}

function summary(
  version: number,
  entries: ReadonlyMap<string, GgufEntry>,
  tensors: readonly Tensor[],
): GgufFacts {
  const text = (key: string) => {
    const value = entries.get(key);
    return typeof value === "string" ? shortText(value) : undefined;
  };
  const architecture = text("general.architecture");
  const fileType = entries.get("general.file_type");
  const own = [...entries].filter(([key, value]) =>
    architecture !== undefined && key.startsWith(`${architecture}.`) && typeof value !== "object"
  ).slice(0, 32).map(([key, value]) => {
    const short = typeof value === "string" ? shortText(value) : value;
    return [shortText(key.slice(architecture!.length + 1)), short];
  });
  const facts = {
    architecture,
    name: text("general.name"),
    quantization: typeof fileType === "number"
      ? FILE_TYPES[fileType] ?? `file type ${fileType}`
      : undefined,
    tokenizer: text("tokenizer.ggml.model"),
    license: text("general.license"),
  };
  return {
    kind: "gguf",
    version,
    ...Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)),
    tensors: tensors.length,
    types: countTexts(tensors.map(({ type }) => type)),
    parameters: tensors.reduce((sum, { count }) => sum + count, 0),
    ...own.length > 0 && { architectureFacts: Object.fromEntries(own) },
  };
}
