// Facts of model files and folders, found by content.
import { readAll } from "../../core/bytes/bytes.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { isJsonObject } from "../../core/text/json_text.ts";
import { countElements } from "../arrays/ndarray.ts";
import { checkFile } from "../content/content.ts";
import type { FormatOptions } from "../content/format.ts";
import { corrupt, countTexts, MAX_LISTED, shortObject, shortText } from "./faults.ts";
import { type GgufFacts, readGguf } from "./gguf.ts";
import { type OnnxFacts, readOnnx } from "./onnx.ts";
import { looksLikePytorch, type PytorchFacts, readPytorch } from "./pytorch.ts";
import { readHeader } from "./safetensors_header.ts";

/** Facts of a `.safetensors` file. */
export interface SafetensorsFacts {
  kind: "safetensors";
  tensors: number;
  /** How many tensors have each type. */
  types: Record<string, number>;
  /** Numbers in its tensors. */
  parameters: number;
  metadata: Record<string, string>;
}

/** Facts of a model file: plain JSON of some kilobytes, to be stored as metadata. */
export type ModelFacts = SafetensorsFacts | OnnxFacts | GgufFacts | PytorchFacts;

/** Facts of a folder that a library saved. */
export interface ModelFolderFacts {
  kind: "timm" | "peft" | "transformers";
  /** `resnet18`, `LORA` (peft), `BertForMaskedLM`. */
  architecture?: string;
  /** The model that an adapter changes. */
  base?: string;
  /** The file with the weights, and its facts. */
  weights?: { path: string } & ModelFacts;
}

const MAX_CONFIG_BYTES = 1 << 20;

/**
 * Returns what a model file says of itself, or undefined if it is not one. Reads headers and never
 * weights; nothing in the file is executed. `.safetensors` and `.onnx` files are known by their
 * extension, `.gguf` and those of PyTorch also by their first bytes if the extension is `.gguf`,
 * `.pt`, `.pth`, `.ckpt` or `.bin`.
 *
 * @throws {RegistryError} `Corrupt` for a damaged file, `Unsupported` for an unknown version or
 * type
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { describeModel, safetensors } from "@holdfast/holdfast/formats/models";
 * import { assertEquals } from "@std/assert";
 *
 * const weight = { data: Float32Array.of(1, 2), shape: [2], dtype: "float32" } as const;
 * const bytes = await safetensors().encode({ tensors: { weight } }) as Uint8Array;
 * assertEquals(await describeModel(bytesFile("model.safetensors", bytes)), {
 *   kind: "safetensors",
 *   tensors: 1,
 *   types: { float32: 1 },
 *   parameters: 2,
 *   metadata: {},
 * });
 * ```
 */
export async function describeModel(
  file: FileToDecode,
  { signal }: FormatOptions = {},
): Promise<ModelFacts | undefined> {
  checkFile(file, "describe model");
  const [, extension] = /(\.[a-z]+)$/.exec(file.path.toLowerCase()) ?? [];
  switch (extension) {
    case ".safetensors":
      return await describeSafetensors(file, signal);
    case ".onnx":
      return await readOnnx(file, signal);
    case ".gguf":
      return await readGguf(file, signal);
    case ".pt":
    case ".pth":
      return await readPytorch(file, signal);
    case ".bin":
    case ".ckpt": {
      const length = Math.min(file.size, 4);
      if (length < 4) return undefined;
      const head = await readAll(file.stream({ offset: 0, length }), signal);
      if (!looksLikePytorch(head)) return undefined;
      return await readPytorch(file, signal).catch(() => undefined);
    }
  }
}

async function describeSafetensors(
  file: FileToDecode,
  signal?: AbortSignal,
): Promise<SafetensorsFacts> {
  const { tensors, metadata } = await readHeader(file, signal);
  const infos = [...tensors.values()];
  return {
    kind: "safetensors",
    tensors: infos.length,
    types: countTexts(infos.map(({ dtype }) => dtype)),
    parameters: infos.reduce((sum, { shape }) => sum + countElements(shape), 0),
    metadata: shortObject(
      Object.entries(metadata).slice(0, MAX_LISTED).map(([key, text]) => [key, shortText(text)]),
    ),
  };
}

/**
 * Returns what a folder of files is that timm, peft or transformers saved, or undefined.
 *
 * @param files the files by their paths in the folder
 * @throws {RegistryError} as {@linkcode describeModel}, of its weights or its configuration
 */
export async function describeModelFolder(
  files: Iterable<FileToDecode>,
  options: FormatOptions = {},
): Promise<ModelFolderFacts | undefined> {
  const byPath = new Map(Array.from(files, (file) => [file.path, file]));
  const adapter = await readConfig(byPath.get("adapter_config.json"), options);
  const config = await readConfig(byPath.get("config.json"), options);
  const text = (value: unknown) => typeof value === "string" ? shortText(value) : undefined;
  let facts: ModelFolderFacts | undefined;
  if (typeof adapter?.peft_type === "string") {
    facts = { kind: "peft", ...known({ architecture: text(adapter.peft_type) }) };
    Object.assign(facts, known({ base: text(adapter.base_model_name_or_path) }));
  } else if (typeof config?.architecture === "string" && isJsonObject(config.pretrained_cfg)) {
    facts = { kind: "timm", architecture: shortText(config.architecture) };
  } else if (typeof config?.model_type === "string") {
    const [first] = Array.isArray(config.architectures) ? config.architectures : [];
    facts = { kind: "transformers", architecture: text(first) ?? shortText(config.model_type) };
  }
  if (facts === undefined) return undefined;
  const name = facts.kind === "peft" ? "adapter_model" : "(pytorch_)?model";
  const weights = new RegExp(`^${name}\\.(safetensors|bin)$`);
  const path = [...byPath.keys()].filter((path) => weights.test(path)).sort().at(-1);
  if (path === undefined) return facts;
  const described = await describeModel(byPath.get(path)!, options);
  return described === undefined ? facts : { ...facts, weights: { path, ...described } };
}

function known<T extends object>(facts: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(facts).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}

async function readConfig(
  file: FileToDecode | undefined,
  { signal }: FormatOptions,
): Promise<Record<string, unknown> | undefined> {
  if (file === undefined || file.size > MAX_CONFIG_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(await file.bytes()));
    signal?.throwIfAborted();
    return isJsonObject(value) ? value : undefined;
  } catch (cause) {
    if (cause instanceof SyntaxError) throw corrupt(file.path, "it is not JSON", cause);
    throw cause;
  }
}
