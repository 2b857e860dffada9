// Converts a mindtrace artifact to a value, file or folder of Holdfast, or keeps its files as they are.
// The names of Python classes only choose among the conversions here; nothing is imported or run.
import { isUtf8 } from "node:buffer";
import {
  corrupt,
  createSha256,
  filePathProblem,
  foldersOf,
  isJsonObject,
  isRegistryError,
  itemAt,
  messageOf,
  sha256,
} from "../../../core/kernel.ts";
import type { FileInfo } from "../../../materializers/mod.ts";
import type { FileToDecode } from "../../../files/mod.ts";
import type { Materializers } from "../../../mod.ts";
import { readPart } from "../../../formats/archive/ranges.ts";
import { checkNpySize, NPY_MEDIA_TYPE } from "../../../formats/arrays/npy.ts";
import { MAX_HEADER_BYTES, parseNpyHeader } from "../../../formats/arrays/npy_header.ts";
import { bytesFile, contentBytes } from "../../../files/mod.ts";
import type { MindtraceOrigin } from "./description.ts";
import { parsePythonJson } from "./python_json.ts";
import type { Unpacker } from "./unpack.ts";
import type { HashedFile } from "./verify.ts";

/** The files of a version in Holdfast, and how to load them. */
interface Converted {
  materializer: { id: string; formatVersion: number };
  files: ConvertedFile[];
  /** Why the files are kept as they are. */
  kept?: string;
  /** Name of the saved file or folder. */
  path?: string;
}

/** A file and where its bytes are. */
export interface ConvertedFile {
  info: FileInfo;
  file: FileToDecode;
}

/** Larger JSON stays a file, bytes. */
const MAX_JSON_BYTES = 128 * 1024 * 1024;
const EMPTY = sha256("");
const FILES = { formatVersion: 1 };

interface ConvertOptions {
  /** The version, which owns the temporary files. */
  ref: string;
  materializers: Materializers;
  unpacker: Unpacker;
  signal?: AbortSignal;
}

type Conversion = (
  files: ReadonlyMap<string, HashedFile>,
  origin: MindtraceOrigin,
  options: ConvertOptions,
) => Promise<Converted | string>;

/** By the last name of the Python materializer. Each returns why it cannot convert. */
const CONVERSIONS: ReadonlyMap<string, Conversion> = new Map<string, Conversion>([
  ["BuiltInMaterializer", convertJson],
  ["BuiltInContainerMaterializer", convertJson],
  ["PydanticMaterializer", convertModel],
  ["BytesMaterializer", convertBytes],
  ["NumpyMaterializer", convertArray],
  ["PathArchiver", convertPath],
]);

/** Converts verified files. What no conversion fits is kept as a file or folder. */
export async function convert(
  hashed: readonly HashedFile[],
  origin: MindtraceOrigin,
  options: ConvertOptions,
): Promise<Converted> {
  const name = itemAt(origin.materializer.split("."), -1);
  const files = new Map(hashed.map((file) => [file.path, file]));
  const pickle = hashed.find(({ path }) => /\.(pkl|pickle|pt|pth|joblib|dill)$/.test(path));
  if (pickle !== undefined) return keep(hashed, `${pickle.path} is a pickle, which is never run`);
  const conversion = CONVERSIONS.get(name);
  if (conversion === undefined) return keep(hashed, `Holdfast does not know ${name}`);
  try {
    const converted = await conversion(files, origin, options);
    return typeof converted === "string" ? keep(hashed, converted) : converted;
  } catch (error) {
    options.signal?.throwIfAborted();
    const isContent = error instanceof SyntaxError ||
      isRegistryError(error, "Unsupported", "Corrupt", "Invalid");
    if (!isContent) throw error;
    return keep(hashed, isRegistryError(error) ? error.state ?? error.message : messageOf(error));
  }
}

function keep(hashed: readonly HashedFile[], reason: string): Converted {
  const [only] = hashed;
  const isFile = hashed.length === 1 && !only!.path.includes("/");
  return {
    materializer: { id: isFile ? "file" : "folder", ...FILES },
    files: hashed.map((file) => asItIs(file)),
    kept: reason,
  };
}

function asItIs(
  { path, size, sha256, file }: HashedFile,
  facts: Partial<FileInfo> = {},
): ConvertedFile {
  return { info: { path, size, sha256, ...facts }, file };
}

async function convertJson(
  files: ReadonlyMap<string, HashedFile>,
  origin: MindtraceOrigin,
  options: ConvertOptions,
): Promise<Converted | string> {
  const value = await readJson(files, "data.json");
  const isSet = origin.class === "builtins.set" && Array.isArray(value);
  return await saved(isSet ? new Set(value) : value, options);
}

/** A model is a JSON string that contains the JSON of the model; of late zenml the JSON itself. */
async function convertModel(
  files: ReadonlyMap<string, HashedFile>,
  _origin: MindtraceOrigin,
  options: ConvertOptions,
): Promise<Converted | string> {
  if (files.has("data_v2.json")) return await saved(await readJson(files, "data_v2.json"), options);
  const text = await readJson(files, "data.json");
  if (typeof text !== "string") return "data.json is not the JSON of a model";
  return await saved(parsePythonJson(text), options);
}

async function readJson(files: ReadonlyMap<string, HashedFile>, path: string): Promise<unknown> {
  const json = files.get(path);
  if (json === undefined || files.size !== 1) throw unfit("it has other files");
  if (json.size > MAX_JSON_BYTES) throw unfit(`${path} is larger than 128 MiB`);
  const bytes = await json.file.bytes();
  if (!isUtf8(bytes)) throw unfit(`${path} is not UTF-8`);
  return parsePythonJson(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
}

const unfit = (state: string) => corrupt("convert", undefined, state);

async function saved(
  value: unknown,
  { materializers, signal }: ConvertOptions,
): Promise<Converted> {
  const materializer = materializers.forValue(value);
  const { id, formatVersion } = materializer;
  const files: ConvertedFile[] = [];
  const savedFiles = materializer.save(value, { signal });
  for await (
    const { path, content, mediaType } of savedFiles instanceof Promise
      ? await savedFiles
      : savedFiles
  ) {
    const bytes = await contentBytes(content, { signal });
    const facts = mediaType === undefined ? {} : { mediaType };
    files.push({
      info: { path, size: bytes.byteLength, sha256: sha256(bytes), ...facts },
      file: bytesFile(path, bytes),
    });
  }
  return { materializer: { id, formatVersion }, files };
}

async function convertBytes(files: ReadonlyMap<string, HashedFile>): Promise<Converted | string> {
  const data = await Promise.resolve(files.get("data.txt"));
  if (data === undefined || files.size !== 1) return "it has other files than data.txt";
  const facts = { path: "data.bin", mediaType: "application/octet-stream" };
  return { materializer: { id: "bytes", ...FILES }, files: [asItIs(data, facts)] };
}

async function convertArray(files: ReadonlyMap<string, HashedFile>): Promise<Converted | string> {
  const data = files.get("data.npy");
  if (data === undefined || files.size !== 1) return "it has other files than data.npy";
  const length = Math.min(data.size, MAX_HEADER_BYTES);
  const head = await readPart(data.file, { offset: 0, length });
  checkNpySize(parseNpyHeader(head, data.path), data.size, data.path);
  const facts = { path: "array.npy", mediaType: NPY_MEDIA_TYPE };
  return { materializer: { id: "ndarray", ...FILES }, files: [asItIs(data, facts)] };
}

async function convertPath(
  files: ReadonlyMap<string, HashedFile>,
  _origin: MindtraceOrigin,
  { ref, unpacker, signal }: ConvertOptions,
): Promise<Converted | string> {
  const described = files.get("metadata.json");
  if (described === undefined) return "it has no metadata.json";
  const { name, is_dir: isFolder } = await readPathMetadata(described);
  if (filePathProblem(name) !== undefined || name.includes("/")) {
    return "its name is not a file name";
  }
  if (files.size !== 2) return "it has other files";
  if (!isFolder) {
    const file = files.get(name);
    if (file === undefined || name === "metadata.json") return "its file is missing";
    return { materializer: { id: "file", ...FILES }, files: [asItIs(file)], path: name };
  }
  const archive = files.get("data.tar.gz");
  if (archive === undefined) return "it has no data.tar.gz";
  const entries = await unpacker.unpack(archive.file, ref, signal);
  const above = foldersOf(entries.map(({ path }) => path));
  const unpacked: ConvertedFile[] = [];
  for (const entry of entries) {
    const { path, mode, size } = entry;
    if (mode === "folder") {
      if (above.has(path)) continue;
      unpacked.push({
        info: { path, size: 0, sha256: EMPTY, mode },
        file: bytesFile(path, new Uint8Array()),
      });
      continue;
    }
    const digest = await digestOf(entry, signal);
    unpacked.push({ info: { path, size, sha256: digest, ...(mode && { mode }) }, file: entry });
  }
  return { materializer: { id: "folder", ...FILES }, files: unpacked, path: name };
}

async function readPathMetadata(file: HashedFile): Promise<{ name: string; is_dir: boolean }> {
  const value = await readJson(new Map([[file.path, file]]), file.path);
  if (isJsonObject(value) && typeof value.name === "string") {
    return { name: value.name, is_dir: value.is_dir === true };
  }
  throw unfit("metadata.json has no name");
}

async function digestOf(file: FileToDecode, signal?: AbortSignal): Promise<string> {
  const hash = createSha256();
  for await (const chunk of file.stream()) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest();
}
