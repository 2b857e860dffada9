// The files and the Python class of a version, as mindtrace saves them.
import type { EntryToSave } from "../../../formats/mod.ts";
import { isJsonObject, itemAt, shown, unsupported } from "../../../core/kernel.ts";
import type { Artifact, Materializers } from "../../../mod.ts";
import type { ArtifactFile, FileToSave } from "../../../materializers/mod.ts";
import { artifactOfValue } from "../../../core/artifact.ts";
import { tgz } from "../../../formats/mod.ts";
import { ORIGIN_KEY } from "./description.ts";
import { toPythonJson } from "./python_json.ts";

/** A version in Python's words. */
interface PythonValue {
  class: string;
  materializer: string;
  files: FileToSave[];
  initParams?: Record<string, unknown>;
}

const ARCHIVERS = "mindtrace.registry.archivers";
const BUILT_IN = `${ARCHIVERS}.builtin_materializers`;
const PATH = {
  class: "pathlib.PosixPath",
  materializer: `${ARCHIVERS}.path_archiver.PathArchiver`,
};
const encoder = new TextEncoder();

/** Classes whose values this file writes itself. Others are imported by the program that loads them. */
const OWN_CLASSES: ReadonlySet<string> = new Set([
  ...["str", "int", "float", "bool", "list", "dict", "tuple", "set", "bytes"].map((name) =>
    `builtins.${name}`
  ),
  "numpy.ndarray",
]);

interface RecordedOrigin {
  class?: unknown;
  materializer?: unknown;
  kept?: unknown;
  path?: unknown;
  initParams?: unknown;
}

interface PythonValueOptions {
  materializers: Materializers;
  /** Restores recorded classes, which Python imports when it loads the version. */
  keepClasses: boolean;
  signal?: AbortSignal;
}

/**
 * Returns the value of a version as mindtrace saves it, without the curve of its run. Throws
 * `Unsupported` for what it cannot hold.
 */
export async function pythonValue(
  version: Artifact,
  options: PythonValueOptions,
): Promise<PythonValue> {
  const artifact = artifactOfValue(version);
  const recorded = artifact.info.metadata[ORIGIN_KEY];
  const origin: RecordedOrigin = isJsonObject(recorded) ? recorded : {};
  const restored = options.keepClasses ? await restore(artifact, origin, options) : undefined;
  return restored ?? await ownValue(artifact, origin, options) ?? pathOf(artifact, origin);
}

/** Returns a version of a recorded class, with the files that Python wrote. */
async function restore(
  artifact: Artifact,
  origin: RecordedOrigin,
  options: PythonValueOptions,
): Promise<PythonValue | undefined> {
  const { class: name, materializer, initParams } = origin;
  if (typeof name !== "string" || typeof materializer !== "string") return undefined;
  const own = { class: name, materializer, ...(isJsonObject(initParams) && { initParams }) };
  if (typeof origin.kept === "string") {
    const files = artifact.files().filter(({ info }) => info.mode !== "folder").map(fileOf);
    return { ...own, files };
  }
  if (!materializer.endsWith(".PydanticMaterializer")) return undefined;
  const text = toPythonJson(await valueOf(artifact, options));
  const json = text === undefined ? undefined : toPythonJson(text);
  if (json === undefined) return undefined;
  return { ...own, materializer: `${BUILT_IN}.PydanticMaterializer`, files: [dataJson(json)] };
}

/** Returns a value of a built-in class or an array; undefined for files and other values. */
async function ownValue(
  artifact: Artifact,
  origin: RecordedOrigin,
  options: PythonValueOptions,
): Promise<PythonValue | undefined> {
  const { id } = artifact.info.materializer;
  const only = artifact.files().length === 1 ? artifact.files()[0] : undefined;
  if (id === "bytes" && only !== undefined) {
    const files = [{ ...fileOf(only), path: "data.txt" }];
    return { class: "builtins.bytes", materializer: `${BUILT_IN}.BytesMaterializer`, files };
  }
  if (id === "ndarray" && only !== undefined) {
    const materializer = `${ARCHIVERS}.integration_materializers.NumpyMaterializer`;
    return { class: "numpy.ndarray", materializer, files: [{ ...fileOf(only), path: "data.npy" }] };
  }
  if (id !== "json" && id !== "text") return undefined;
  const value = await valueOf(artifact, options);
  const name = classOf(value, origin.class);
  const json = toPythonJson(value, name === "builtins.float");
  if (name === undefined || json === undefined) return undefined;
  const isContainer = /\.(list|dict|tuple|set)$/.test(name);
  const materializer = `${BUILT_IN}.BuiltIn${isContainer ? "Container" : ""}Materializer`;
  return { class: name, materializer, files: [dataJson(json)] };
}

/** Returns the built-in class of a value: the recorded one if it can hold the value. */
function classOf(value: unknown, recorded: unknown): string | undefined {
  const recordedClass = typeof recorded === "string" && OWN_CLASSES.has(recorded)
    ? recorded
    : undefined;
  const either = (first: string, other: string) => recordedClass === other ? other : first;
  switch (typeof value) {
    case "string":
      return "builtins.str";
    case "boolean":
      return "builtins.bool";
    case "bigint":
      return "builtins.int";
    case "number": {
      const isWhole = Number.isInteger(value) && !Object.is(value, -0) && Math.abs(value) < 1e21;
      return isWhole ? either("builtins.int", "builtins.float") : "builtins.float";
    }
  }
  if (value instanceof Set) return "builtins.set";
  if (Array.isArray(value)) return either("builtins.list", "builtins.tuple");
  return isJsonObject(value) ? "builtins.dict" : undefined;
}

async function valueOf(
  artifact: Artifact,
  { materializers, signal }: PythonValueOptions,
): Promise<unknown> {
  return await materializers.get(artifact.info.materializer.id).load(artifact, { signal });
}

/** Returns files as a `Path`: one file, or a folder in an archive. */
function pathOf(artifact: Artifact, origin: RecordedOrigin): PythonValue {
  const files = artifact.files();
  const [only] = files;
  const isFile = files.length === 1 && artifact.info.materializer.id !== "folder" &&
    only!.info.mode === undefined && !only!.info.path.includes("/");
  const originalPath = typeof origin.path === "string" ? origin.path : artifact.info.name;
  const name = isFile ? only!.info.path : itemAt(originalPath.split(/[/:\\]/), -1);
  if (isFile && name === "metadata.json") {
    const state = "mindtrace cannot hold a file called metadata.json";
    const hint = "Save the file under another name, or in a folder, and export that.";
    throw unsupported("export", shown(artifact.info.name), state, { hint });
  }
  const described = { name, is_dir: !isFile };
  const metadata = { path: "metadata.json", content: encoder.encode(toPythonJson(described)) };
  const content = isFile ? fileOf(only!) : { path: "data.tar.gz", content: packed(artifact) };
  return { ...PATH, files: [metadata, content] };
}

function packed(artifact: Artifact): ReadableStream<Uint8Array> {
  const entries = artifact.files().map((file): EntryToSave => {
    const { path, mode } = file.info;
    if (mode === "folder") return { path, mode };
    return { ...fileOf(file), ...(mode !== undefined && { mode }) };
  });
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  Promise.resolve(tgz().encode(entries)).then((content) =>
    (content as ReadableStream<Uint8Array>).pipeTo(writable)
  ).catch((error) => writable.abort(error).catch(() => {}));
  return readable;
}

function fileOf(file: ArtifactFile): Pick<FileToSave, "path" | "content"> {
  const { path, size } = file.info;
  return { path, content: { size, stream: () => file.stream() } };
}

function dataJson(json: string): FileToSave {
  return { path: "data.json", content: encoder.encode(json) };
}
