// The description of one version: the content of its `_meta_` file.
import { corrupt, filePathProblem, isJsonObject, shown } from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import { parsePyYaml } from "../../../formats/yaml/pyyaml.ts";
import { parsePythonJson } from "./python_json.ts";

/** The member of the metadata that keeps what mindtrace recorded beside the user's metadata. */
export const ORIGIN_KEY = "mindtrace/origin";

/** The record that mindtrace keeps of a version. */
export interface MindtraceOrigin {
  /** The Python class, `builtins.str`. Never imported. */
  class: string;
  /** The Python class that wrote the files. Never imported. */
  materializer: string;
  /** SHA-256 of the artifact's folder by one of the two rules. */
  hash?: string;
  /** The version as mindtrace spells it. */
  version: string;
  /** Arguments of the Python materializer, if there are any. */
  initParams?: Record<string, unknown>;
  /** Name of the saved file or folder. */
  path?: string;
  /** Why the files are kept as they are. */
  kept?: string;
}

/** The content of a `_meta_` file. */
export interface Description {
  origin: MindtraceOrigin;
  metadata: Record<string, unknown>;
  /** Paths of the files; undefined if they are not listed. */
  files?: string[];
  /** In a bucket: the folder of the save. */
  uuid?: string;
  /** In a bucket: when it was saved, milliseconds since 1970. */
  createdAt?: number;
}

/** Parses a `_meta_` file. Throws `Corrupt` if it is damaged, or names files outside its folder. */
export function parseDescription(text: string, at: { ref: string; key: string }): Description {
  const value = at.key.endsWith(".json") ? jsonOf(text, at) : yamlOf(text, at);
  if (!isJsonObject(value)) throw damaged(at, "its description is empty");
  const { metadata, init_params: initParams, hash, _files: files, _storage: storage } = value;
  const origin: MindtraceOrigin = {
    class: textOf(value.class, "class", at),
    materializer: textOf(value.materializer, "materializer", at),
    ...(hash !== undefined && hash !== null && { hash: hashOf(hash, at) }),
    version: at.ref.slice(at.ref.lastIndexOf("@") + 1),
  };
  if (isJsonObject(initParams) && Object.keys(initParams).length > 0) {
    origin.initParams = toJson(initParams) as Record<string, unknown>;
  }
  return {
    origin,
    metadata: isJsonObject(metadata) ? toJson(metadata) as Record<string, unknown> : {},
    ...(Array.isArray(files) && { files: files.map((path) => pathOf(path, at)) }),
    ...(isJsonObject(storage) && storageOf(storage, at)),
  };
}

function jsonOf(text: string, at: { ref: string; key: string }): unknown {
  try {
    return parsePythonJson(text);
  } catch (cause) {
    throw damaged(at, "its description is not JSON", cause);
  }
}

function yamlOf(text: string, at: { ref: string; key: string }): unknown {
  const result = parsePyYaml(text);
  if ("value" in result) return result.value;
  throw damaged(at, `its description cannot be read: ${result.state}`);
}

function storageOf(
  { uuid, created_at: created }: Record<string, unknown>,
  at: { ref: string; key: string },
): Pick<Description, "uuid" | "createdAt"> {
  const createdAt = typeof created === "string" ? Date.parse(created) : NaN;
  return {
    ...(uuid !== undefined && { uuid: pathOf(uuid, at) }),
    ...(Number.isNaN(createdAt) ? {} : { createdAt }),
  };
}

function textOf(value: unknown, member: string, at: { ref: string; key: string }): string {
  if (typeof value === "string" && value !== "") return value;
  throw damaged(at, `its description has no ${member}`);
}

function hashOf(value: unknown, at: { ref: string; key: string }): string {
  if (typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) return value;
  throw damaged(at, "its description has an invalid hash");
}

function pathOf(path: unknown, at: { ref: string; key: string }): string {
  const problem = typeof path === "string" ? filePathProblem(path) : "it is not a string";
  if (problem === undefined) return path as string;
  throw damaged(at, `it names the file ${shown(path)}: ${problem}`);
}

/** Returns data as JSON keeps it: other numbers, and integers over 2^53, become strings. */
function toJson(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") {
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : Object.is(value, -0)
      ? "-0.0"
      : String(value);
  }
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(toJson);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
}

/** Makes the error of a version that cannot be read. */
export function damaged(
  { ref, key }: { ref: string; key: string },
  state: string,
  cause?: unknown,
): RegistryError {
  const hint = "Save it again in mindtrace, or restore the registry from a backup.";
  return corrupt("read mindtrace version", shown(ref), state, { hint, key, cause });
}
