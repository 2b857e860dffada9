// Facts of model files that are saved from a path: they become the metadata `model`.
import { lstat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { createLocalFiles } from "../../../files/mod.ts";
import {
  describeModel,
  describeModelFolder,
  type ModelFacts,
  type ModelFolderFacts,
} from "../../../formats/models/mod.ts";

const FOLDER_FILES = ["config", "adapter_config"].map((name) => `${name}.json`).concat(
  ["model", "pytorch_model", "adapter_model"].flatMap((name) => [
    `${name}.safetensors`,
    `${name}.bin`,
  ]),
);
/** Longest facts as JSON: metadata has at most 64 KiB. */
const MAX_LENGTH = 16_384;

type Facts = ModelFacts | ModelFolderFacts;

/** Facts of a model, and a line that sums them up. */
export interface DescribedModel {
  facts: Facts;
  line: string;
}

/** Describes a file or folder; undefined if it is not a model, or its facts are too long. */
export async function describePath(
  path: string,
  signal?: AbortSignal,
): Promise<DescribedModel | undefined> {
  const facts = (await lstat(path)).isDirectory()
    ? await folderFacts(path, signal)
    : await fileFacts(path, signal);
  if (facts === undefined || JSON.stringify(facts).length > MAX_LENGTH) return undefined;
  return { facts, line: `Model: ${lineOf(facts)}` };
}

async function fileFacts(path: string, signal?: AbortSignal): Promise<ModelFacts | undefined> {
  await using files = createLocalFiles({ root: dirname(path) });
  return await describeModel(await files.open(basename(path)), { signal });
}

async function folderFacts(
  path: string,
  signal?: AbortSignal,
): Promise<ModelFolderFacts | undefined> {
  await using files = createLocalFiles({ root: path });
  const found = [];
  for (const name of FOLDER_FILES) {
    const entry = await files.stat(name);
    if (entry?.kind === "file") found.push(await files.open(name));
  }
  return await describeModelFolder(found, { signal });
}

/** Returns the facts as one line: `onnx, opset 21, x float32[1,3] → y float32[1,10]`. */
function lineOf(facts: Facts): string {
  switch (facts.kind) {
    case "onnx": {
      const values = (list: typeof facts.inputs) =>
        list.slice(0, 3).map(({ name, type, shape }) =>
          `${name} ${type}${shape ? `[${shape.map((side) => side ?? "?").join(",")}]` : ""}`
        ).join(", ") + (list.length > 3 ? ", …" : "");
      const opset = facts.opsets["ai.onnx"];
      return `onnx, opset ${opset ?? "?"}, ${values(facts.inputs)} → ${values(facts.outputs)}`;
    }
    case "gguf":
      return ["gguf", facts.architecture, facts.quantization, sizes(facts)].filter(Boolean)
        .join(", ");
    case "safetensors":
      return `safetensors, ${Object.keys(facts.types).join(" ")}, ${sizes(facts)}`;
    case "pytorch":
      return `${facts.library ?? "pytorch"} (${facts.container}), stored as bytes`;
    default: {
      const weights = facts.weights === undefined ? "" : `, ${lineOf(facts.weights)}`;
      return [facts.kind, facts.architecture].filter(Boolean).join(" ") + weights;
    }
  }
}

function sizes({ tensors, parameters }: { tensors: number; parameters: number }): string {
  return `${tensors} tensors, ${parameters.toLocaleString("en")} parameters`;
}
