// Plain data as JSON, exactly.
import type { Artifact } from "../core/artifact.ts";
import { corrupt, type RegistryError, unsupported } from "../core/errors.ts";
import { type ClassMaterializer, defineMaterializer } from "../core/materializer.ts";
import { parsedJson } from "../core/text/json_text.ts";
import { isPlain } from "../core/text/plain_value.ts";
import { isArrayBuffer } from "./bytes.ts";
import { decodeJson } from "./json/decode_json.ts";
import { encodeJson } from "./json/encode_json.ts";
import { isJsonPart } from "./json/json_parts.ts";
import { TAG } from "./json/json_tags.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const MEDIA_TYPE = "application/json";

/**
 * Saves plain data as `data.json`: plain JSON, with tags (see `json_tags.ts`) for `undefined`,
 * `NaN`, infinities, `-0`, `bigint`, `Date`, `Map`, `Set` and arrays with holes. Typed arrays,
 * `ArrayBuffer`s, blobs and n-dimensional arrays in it become files beside it. Key order is kept.
 *
 * Values without an exact form are `Unsupported`, with the path to them: functions, symbols, your
 * own classes, `RegExp`, errors, getters, hidden properties, cycles, more than 1,000 levels. An
 * object that occurs twice is saved twice. Frozen objects are loaded unfrozen.
 */
export function json(): ClassMaterializer<unknown> {
  return defineMaterializer<unknown>({
    id: "json",
    accepts: isJsonKind,
    save(value) {
      if (isPlain(value, TAG)) {
        return [{ path: "data.json", content: encodeText(value), mediaType: MEDIA_TYPE }];
      }
      const { root, parts } = encodeJson(value);
      return [{ path: "data.json", content: encodeText(root), mediaType: MEDIA_TYPE }, ...parts];
    },
    async load(artifact) {
      const corrupt = (cause?: unknown) => corruptJson(artifact, cause);
      const text = decodeText(await artifact.file("data.json").bytes(), corrupt);
      const root = parsedJson(text);
      if (root === undefined) throw corrupt();
      if (!text.includes(`"${TAG}"`)) return root;
      const parts = artifact.files().filter(({ info }) => info.path !== "data.json");
      const contents = parts.map(async (file) => [file.info.path, await file.bytes()] as const);
      return decodeJson(root, new Map(await Promise.all(contents)));
    },
  });
}

/** Returns true for a possible root. Its content is checked when it is saved. */
function isJsonKind(value: unknown): boolean {
  if (typeof value === "function" || typeof value === "symbol") return false;
  if (typeof value !== "object" || value === null) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || ROOTS.has(prototype) || isJsonPart(value) || isArrayBuffer(value);
}

const ROOTS = new Set<unknown>([Object, Array, Date, Map, Set].map((known) => known.prototype));

function encodeText(root: unknown): Uint8Array {
  try {
    return encoder.encode(JSON.stringify(root));
  } catch (cause) {
    const state = "its text exceeds the maximum length of a string";
    const hint =
      "Use typed arrays for numbers and Uint8Arrays for bytes: they become separate files.";
    throw unsupported("save value as JSON", undefined, state, { hint, cause });
  }
}

function decodeText(bytes: Uint8Array, corrupt: (cause: unknown) => RegistryError): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw corrupt(cause);
  }
}

function corruptJson(artifact: Artifact, cause?: unknown): RegistryError {
  return corrupt("load", `"${artifact.info.name}"`, "data.json is not JSON", {
    hint: "Save it again, or load an older version.",
    cause,
  });
}
