// ONNX files (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3): inputs, outputs, operators
// and the initializers of the main graph. Weights are skipped.
import type { FileToRead, ModelTensor, NamedFact, OpenedModel } from "../../extending.ts";
import { HeaderReader, textOf } from "./header_reader.ts";
import { fieldsOf, type ProtoField } from "./protobuf.ts";

/** An input or an output. */
export interface OnnxValue {
  readonly name: string;
  readonly kind: "input" | "output";
  readonly type: string;
  readonly shape: ModelTensor["shape"];
}

export interface OnnxOperator {
  /** With the domain, unless it is the usual one. */
  readonly name: string;
  readonly nodes: number;
}

export interface OpenedOnnx extends OpenedModel {
  readonly values: readonly OnnxValue[];
  /** The most frequent first. */
  readonly operators: readonly OnnxOperator[];
}

/** Nodes, initializers, and values. */
const MAX_PARTS = 200_000;
const MAX_TEXT_BYTES = 65_536;
const MAX_AXES = 64;

/** Types of elements by number, with their bits. */
const ELEMENTS: readonly (readonly [name: string, bits?: number])[] = [
  ["undefined"],
  ["float32", 32],
  ["uint8", 8],
  ["int8", 8],
  ["uint16", 16],
  ["int16", 16],
  ["int32", 32],
  ["int64", 64],
  ["string"],
  ["bool", 8],
  ["float16", 16],
  ["float64", 64],
  ["uint32", 32],
  ["uint64", 64],
  ["complex64", 64],
  ["complex128", 128],
  ["bfloat16", 16],
  ["float8e4m3fn", 8],
  ["float8e4m3fnuz", 8],
  ["float8e5m2", 8],
  ["float8e5m2fnuz", 8],
  ["uint4", 4],
  ["int4", 4],
  ["float4e2m1", 4],
];

const elementName = (type: number) => ELEMENTS[type]?.[0] ?? `type ${type}`;

/** Opens an ONNX file. Reads no weights. */
export async function openOnnx(file: FileToRead, signal?: AbortSignal): Promise<OpenedOnnx> {
  return await new OnnxReader(new HeaderReader(file, signal)).model();
}

class OnnxReader {
  readonly #reader: HeaderReader;
  readonly #facts: NamedFact[] = [["Format", "ONNX"]];
  readonly #opsets: string[] = [];
  readonly #values: OnnxValue[] = [];
  readonly #tensors: ModelTensor[] = [];
  readonly #operators = new Map<string, number>();
  #parts = 0;
  #graphs = 0;

  constructor(reader: HeaderReader) {
    this.#reader = reader;
  }

  async model(): Promise<OpenedOnnx> {
    const texts: Readonly<Record<number, string>> = { 2: "Producer", 3: "Producer version" };
    for await (const field of fieldsOf(this.#reader, 0, this.#reader.size)) {
      const { number, value, hasBytes } = field;
      const name = texts[number];
      if (number === 1 && !hasBytes) this.#facts.push(["IR version", String(value)]);
      else if (name !== undefined) this.#facts.push([name, await this.#text(field)]);
      else if (number === 7 && hasBytes) await this.#graph(field);
      else if (number === 8 && hasBytes) this.#opsets.push(await this.#opset(field));
      else if (number === 14 && hasBytes) this.#facts.push(await this.#entry(field));
    }
    if (this.#graphs !== 1) throw this.#reader.damaged("not an ONNX model: it has no graph");
    const stored = new Set(this.#tensors.map(({ name }) => name));
    const operators = [...this.#operators].map(([name, nodes]) => ({ name, nodes }));
    const nodes = operators.reduce((sum, { nodes }) => sum + nodes, 0);
    return {
      facts: [...this.#facts, ["Operator sets", this.#opsets.join(", ")], ["Nodes", String(nodes)]],
      values: this.#values.filter(({ kind, name }) => kind === "output" || !stored.has(name)),
      operators: operators.sort((a, b) => b.nodes - a.nodes),
      tensors: this.#tensors,
    };
  }

  #fields({ at, value }: ProtoField) {
    return fieldsOf(this.#reader, at, value);
  }

  async #text({ at, value, hasBytes }: ProtoField): Promise<string> {
    if (!hasBytes) throw this.#reader.damaged(`no text at ${at}`);
    const shown = Math.min(value, MAX_TEXT_BYTES);
    return textOf(await this.#reader.bytes(at, shown)) + (value > shown ? "…" : "");
  }

  /** Returns the texts of some fields of a message, by their numbers. */
  async #texts(of: ProtoField, wanted: readonly number[]): Promise<Map<number, string>> {
    const found = new Map<number, string>();
    for await (const field of this.#fields(of)) {
      if (wanted.includes(field.number)) found.set(field.number, await this.#text(field));
    }
    return found;
  }

  async #opset(field: ProtoField): Promise<string> {
    let [domain, version] = ["", 0];
    for await (const part of this.#fields(field)) {
      if (part.number === 1) domain = await this.#text(part);
      else if (part.number === 2) version = part.value;
    }
    return `${domain || "ai.onnx"} ${version}`;
  }

  async #entry(field: ProtoField): Promise<NamedFact> {
    const texts = await this.#texts(field, [1, 2]);
    return [texts.get(1) ?? "", texts.get(2) ?? ""];
  }

  async #graph(field: ProtoField): Promise<void> {
    this.#graphs++;
    for await (const part of this.#fields(field)) {
      if (!part.hasBytes) continue;
      if (++this.#parts > MAX_PARTS) {
        throw this.#reader.refused(`its graph has more than ${MAX_PARTS} parts`);
      }
      if (part.number === 1) await this.#node(part);
      else if (part.number === 2) this.#facts.push(["Graph", await this.#text(part)]);
      else if (part.number === 5) this.#tensors.push(await this.#tensor(part));
      else if (part.number === 11) this.#values.push(await this.#value(part, "input"));
      else if (part.number === 12) this.#values.push(await this.#value(part, "output"));
    }
  }

  async #node(field: ProtoField): Promise<void> {
    const texts = await this.#texts(field, [4, 7]);
    const [type = "?", domain = ""] = [texts.get(4), texts.get(7)];
    const name = ["", "ai.onnx"].includes(domain) ? type : `${domain}.${type}`;
    this.#operators.set(name, (this.#operators.get(name) ?? 0) + 1);
  }

  async #tensor(field: ProtoField): Promise<ModelTensor> {
    let [name, type, offset, rawBytes]: [string, number, number?, number?] = ["", 0];
    const shape: number[] = [];
    for await (const part of this.#fields(field)) {
      if (part.number === 1) await this.#addSides(part, shape);
      else if (part.number === 2) type = part.value;
      else if (part.number === 8) name = await this.#text(part);
      else if (part.number === 9) [offset, rawBytes] = [part.at, part.value];
    }
    const parameters = shape.reduce((product, side) => product * side, 1);
    const bits = ELEMENTS[type]?.[1];
    const size = rawBytes ?? (bits === undefined ? undefined : Math.ceil(parameters * bits / 8));
    return { name, dtype: elementName(type), shape, parameters, size, offset };
  }

  /** Adds sides of a shape: one, or several in one field. */
  async #addSides({ at, value, hasBytes }: ProtoField, shape: number[]): Promise<void> {
    if (!hasBytes) shape.push(value);
    else {
      if (value > MAX_AXES * 10) throw this.#reader.damaged("a tensor has too many axes");
      const bytes = await this.#reader.bytes(at, value);
      for (let i = 0; i < bytes.length;) {
        let [side, factor] = [0, 1];
        for (; (bytes[i] ?? 0) >= 0x80; i++, factor *= 128) {
          side += ((bytes[i] ?? 0) & 127) * factor;
        }
        shape.push(side + (bytes[i++] ?? 0) * factor);
      }
    }
    if (shape.length > MAX_AXES || shape.some((side) => side < 0)) {
      throw this.#reader.damaged("a tensor has an invalid shape");
    }
  }

  async #value(field: ProtoField, kind: OnnxValue["kind"]): Promise<OnnxValue> {
    let name = "";
    let type: Pick<OnnxValue, "type" | "shape"> = { type: "unknown", shape: [] };
    for await (const part of this.#fields(field)) {
      if (part.number === 1) name = await this.#text(part);
      else if (part.number === 2 && part.hasBytes) type = await this.#type(part);
    }
    return { name, kind, ...type };
  }

  async #type(field: ProtoField): Promise<Pick<OnnxValue, "type" | "shape">> {
    const others: Readonly<Record<number, string>> = { 4: "sequence", 5: "map", 9: "optional" };
    for await (const part of this.#fields(field)) {
      const other = others[part.number];
      if (other !== undefined) return { type: other, shape: [] };
      if (part.number !== 1 && part.number !== 8 || !part.hasBytes) continue;
      let element = 0;
      const shape: (number | string)[] = [];
      for await (const member of this.#fields(part)) {
        if (member.number === 1) element = member.value;
        else if (member.number === 2 && member.hasBytes) await this.#addNamedSides(member, shape);
      }
      return { type: elementName(element), shape };
    }
    return { type: "unknown", shape: [] };
  }

  async #addNamedSides(field: ProtoField, shape: (number | string)[]): Promise<void> {
    for await (const side of this.#fields(field)) {
      if (side.number !== 1 || !side.hasBytes) continue;
      if (shape.length >= MAX_AXES) throw this.#reader.damaged("a value has too many axes");
      let length: number | string = "?";
      for await (const part of this.#fields(side)) {
        if (part.number === 1) length = part.value;
        else if (part.number === 2) length = await this.#text(part) || "?";
      }
      shape.push(length);
    }
  }
}
