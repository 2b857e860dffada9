// Facts in an `.onnx` file (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). Weights are
// skipped, and nothing is run.
import type { FileToDecode } from "../../core/file_store.ts";
import { countElements } from "../arrays/ndarray.ts";
import { corrupt, MAX_LISTED, shortObject, shortText, unsupported } from "./faults.ts";
import { type ProtoRange, ProtoReader } from "./protobuf.ts";

/** An input or output of an ONNX graph. */
export interface OnnxValue {
  name: string;
  /** The type of its elements: `float32`; or `sequence`, `map`, `optional`, `sparse`. */
  type: string;
  /** A number or a name for each dimension, null if it is any. Absent if the rank is unknown. */
  shape?: (number | string | null)[];
}

/** Facts of an ONNX model. */
export interface OnnxFacts {
  kind: "onnx";
  /** The version of the format. */
  irVersion: number;
  /** Versions of operator sets by domain; the standard one is `ai.onnx`. */
  opsets: Record<string, number>;
  /** The program that wrote it. */
  producer?: string;
  graph?: string;
  /** Without those that have a value in the file; at most 64. */
  inputs: OnnxValue[];
  /** At most 64. */
  outputs: OnnxValue[];
  nodes: number;
  /** Numbers in its weights. */
  parameters: number;
  /** True if weights are in files beside it. */
  externalData: boolean;
  /** True if it has operators for quantized numbers. */
  quantized: boolean;
  metadata: Record<string, string>;
}

const TYPES = [
  ..."undefined float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64".split(" "),
  ..."uint32 uint64 complex64 complex128 bfloat16 float8_e4m3fn float8_e4m3fnuz".split(" "),
  ..."float8_e5m2 float8_e5m2fnuz uint4 int4 float4 float8_e8m0fnu uint2 int2".split(" "),
];
const OTHER_TYPES: Readonly<Record<number, string>> = {
  4: "sequence",
  5: "map",
  8: "sparse",
  9: "optional",
};
const EXTERNAL = 1;
const QUANTIZED = /Quant|^QLinear|Integer$|NBits$/;
/** Most nodes, weights, inputs and outputs: a few bytes of a file declare one. */
const MAX_PARTS = 1_000_000;
/** Most dimensions of a weight. */
const MAX_DIMENSIONS = 64;
const TOO_MANY = `a weight has more than ${MAX_DIMENSIONS} dimensions`;

interface GraphFacts extends Pick<OnnxFacts, "inputs" | "outputs" | "nodes" | "parameters"> {
  graph: string;
  weights: Set<string>;
  externalData: boolean;
  quantized: boolean;
}

/** Reads the facts of a model. */
export async function readOnnx(file: FileToDecode, signal?: AbortSignal): Promise<OnnxFacts> {
  const reader = new ProtoReader(file, signal);
  const texts = new Map<number, string>();
  const opsets: [string, number][] = [];
  const metadata: [string, string][] = [];
  let irVersion: number | undefined;
  let graph: GraphFacts | undefined;
  for await (const { number, value, range } of reader.fields(reader.whole)) {
    if (number === 1) irVersion = value;
    if (range === undefined) continue;
    if (number === 2 || number === 3) texts.set(number, await reader.text(range));
    if (number === 7 && graph !== undefined) throw corrupt(file.path, "it has two graphs");
    if (number === 7) graph = await readGraph(file.path, reader, range);
    if (number === 8) addShort(opsets, await readOpset(reader, range));
    if (number === 14) addShort(metadata, await readPair(reader, range));
  }
  if (irVersion === undefined || graph === undefined) {
    throw corrupt(file.path, `it has no ${graph === undefined ? "graph" : "IR version"}`);
  }
  const { weights, graph: name, inputs, outputs, ...facts } = graph;
  const producer = [2, 3].flatMap((number) => texts.get(number) ?? []).join(" ");
  return {
    kind: "onnx",
    irVersion,
    opsets: shortObject(opsets),
    ...named({ producer, graph: name }),
    inputs: inputs.filter(({ name }) => !weights.has(name)).slice(0, MAX_LISTED),
    outputs: outputs.slice(0, MAX_LISTED),
    ...facts,
    metadata: shortObject(metadata.map(([key, text]) => [key, shortText(text)])),
  };
}

/** Adds to a list, unless it is full. */
function addShort<T>(list: T[], item: T): void {
  if (list.length < MAX_LISTED) list.push(item);
}

/** Returns the texts that are not empty. */
function named<T extends Record<string, string>>(texts: T): Partial<T> {
  const entries = Object.entries(texts).filter(([, text]) => text !== "");
  return Object.fromEntries(entries.map(([key, text]) => [key, shortText(text)])) as Partial<T>;
}

async function readGraph(
  path: string,
  reader: ProtoReader,
  whole: ProtoRange,
): Promise<GraphFacts> {
  const facts: GraphFacts = {
    ...{ graph: "", inputs: [], outputs: [], nodes: 0, parameters: 0, weights: new Set() },
    ...{ externalData: false, quantized: false },
  };
  for await (const { number, range } of reader.fields(whole)) {
    if (range === undefined) continue;
    if (number === 1) await readNode(reader, range, facts);
    if (number === 2) facts.graph = await reader.text(range);
    if (number === 5) await readWeight(path, reader, range, facts);
    if (number === 11) facts.inputs.push(await readValue(reader, range));
    if (number === 12) facts.outputs.push(await readValue(reader, range));
    const { nodes, weights, inputs, outputs } = facts;
    if (nodes + weights.size + inputs.length + outputs.length > MAX_PARTS) {
      throw unsupported(path, `its graph has more than ${MAX_PARTS} parts`);
    }
  }
  return facts;
}

async function readNode(reader: ProtoReader, whole: ProtoRange, facts: GraphFacts): Promise<void> {
  facts.nodes++;
  for await (const { number, range } of reader.fields(whole)) {
    if (number === 4 && range !== undefined && !facts.quantized) {
      facts.quantized = QUANTIZED.test(await reader.text(range));
    }
  }
}

async function readWeight(
  path: string,
  reader: ProtoReader,
  whole: ProtoRange,
  facts: GraphFacts,
): Promise<void> {
  const shape: number[] = [];
  for await (const field of reader.fields(whole)) {
    if (field.number === 1) {
      for await (const side of reader.numbers(field)) {
        if (shape.push(side) > MAX_DIMENSIONS) throw unsupported(path, TOO_MANY);
      }
    }
    if (field.number === 8 && field.range) {
      facts.weights.add(shortText(await reader.text(field.range)));
    }
    if (field.number === 14) facts.externalData ||= field.value === EXTERNAL;
  }
  facts.parameters += countElements(shape);
}

async function readValue(reader: ProtoReader, whole: ProtoRange): Promise<OnnxValue> {
  let [name, type, shape]: [string, string, OnnxValue["shape"]] = ["", "undefined", undefined];
  for await (const { number, range } of reader.fields(whole)) {
    if (range === undefined) continue;
    if (number === 1) name = shortText(await reader.text(range));
    if (number !== 2) continue;
    for await (const { number: kind, range: inner } of reader.fields(range)) {
      if (kind !== 1 || inner === undefined) type = OTHER_TYPES[kind] ?? type;
      else ({ type, shape } = await readTensorType(reader, inner));
    }
  }
  return { name, type, ...shape && { shape } };
}

async function readTensorType(reader: ProtoReader, whole: ProtoRange) {
  let type = "undefined";
  let shape: OnnxValue["shape"];
  for await (const { number, value, range } of reader.fields(whole)) {
    if (number === 1 && value !== undefined) type = TYPES[value] ?? `type ${value}`;
    if (number !== 2 || range === undefined) continue;
    shape = [];
    for await (const { range: dimension } of reader.fields(range)) {
      if (dimension !== undefined && shape.length < MAX_LISTED) {
        shape.push(await readDimension(reader, dimension));
      }
    }
  }
  return { type, shape };
}

async function readDimension(
  reader: ProtoReader,
  whole: ProtoRange,
): Promise<number | string | null> {
  let side: number | string | null = null;
  for await (const { number, value, range } of reader.fields(whole)) {
    if (number === 1 && value !== undefined) side = value;
    if (number === 2 && range) side = shortText(await reader.text(range));
  }
  return side;
}

async function readOpset(reader: ProtoReader, whole: ProtoRange): Promise<[string, number]> {
  let [domain, version] = ["", 0];
  for await (const { number, value, range } of reader.fields(whole)) {
    if (number === 1 && range) domain = await reader.text(range);
    if (number === 2) version = value ?? 0;
  }
  return [domain || "ai.onnx", version];
}

async function readPair(reader: ProtoReader, whole: ProtoRange): Promise<[string, string]> {
  const texts = new Map<number, string>();
  for await (const { number, range } of reader.fields(whole)) {
    if (range) texts.set(number, await reader.text(range));
  }
  return [texts.get(1) ?? "", texts.get(2) ?? ""];
}
