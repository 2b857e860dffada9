// What is not written in `data.json` but as a file beside it: bytes, arrays of numbers, blobs.
import type { FileToSave } from "../../core/materializer.ts";
import { isNDArray, type NDArray, type TypedArray } from "../../formats/arrays/ndarray.ts";
import { isArrayBuffer } from "../array_buffer.ts";
import { createBlob, factsOf, isBlob, isBlobFacts } from "../blob.ts";
import { isBytes } from "../bytes.ts";
import { type JsonValue, TAG } from "./json_tags.ts";
import { decodeNpy, encodeNpy, NPY_MEDIA_TYPE } from "../../formats/arrays/npy.ts";
import {
  decodeTypedArray,
  encodeTypedArray,
  isTypedArray,
  typedArrayName,
} from "../typed_array.ts";
import { ownBytes, viewBytes } from "../../formats/arrays/view_bytes.ts";

export type JsonPart = Uint8Array | ArrayBuffer | DataView | TypedArray | NDArray | Blob;

/** True for what is kept in a file of its own. */
export function isJsonPart(value: object): value is JsonPart {
  return isTypedArray(value) || isBytes(value) || isArrayBuffer(value) || isDataView(value) ||
    isBlob(value) ||
    isNDArray(value);
}

function isDataView(value: object): value is DataView {
  return value instanceof DataView && Object.getPrototypeOf(value) === DataView.prototype;
}

/** The file of a part, and what stands for it in `data.json`. */
export function encodePart(
  value: JsonPart,
  index: number,
): { reference: JsonValue; file: FileToSave } {
  const path = `parts/${index}.${
    isNDArray(value) || (isTypedArray(value) && !isBytes(value)) ? "npy" : "bin"
  }`;
  if (isNDArray(value)) {
    const content = encodeNpy(value.dtype, value.shape, value.data);
    return {
      reference: { [TAG]: "ndarray", file: path },
      file: { path, content, mediaType: NPY_MEDIA_TYPE },
    };
  }
  if (isBlob(value)) {
    return {
      reference: { [TAG]: "blob", facts: { ...factsOf(value) }, file: path },
      file: { path, content: value },
    };
  }
  if (isBytes(value) || isArrayBuffer(value) || isDataView(value)) {
    const name = isBytes(value) ? "Uint8Array" : isDataView(value) ? "DataView" : "ArrayBuffer";
    return {
      reference: { [TAG]: "bytes", class: name, file: path },
      file: { path, content: viewBytes(value) },
    };
  }
  const reference = { [TAG]: "typed-array", class: typedArrayName(value), file: path };
  return { reference, file: { path, content: encodeTypedArray(value), mediaType: NPY_MEDIA_TYPE } };
}

/**
 * The part that an object with a tag stands for, or undefined where it stands for none.
 *
 * @param content the bytes of the file that it names
 */
export function decodePart(
  tagged: Record<string, unknown>,
  content: Uint8Array,
): JsonPart | undefined {
  const { class: name, facts, file } = tagged;
  switch (tagged[TAG]) {
    case "ndarray":
      return decodeNpy(content, String(file));
    case "typed-array":
      return decodeTypedArray(content, String(name), String(file));
    case "blob":
      return isBlobFacts(facts) ? createBlob(content, facts) : undefined;
    case "bytes":
      return decodeBytes(ownBytes(content), name);
  }
}

function decodeBytes(bytes: Uint8Array<ArrayBuffer>, name: unknown): JsonPart | undefined {
  if (name === "Uint8Array") return bytes;
  if (name === "ArrayBuffer") return bytes.buffer;
  return name === "DataView" ? new DataView(bytes.buffer) : undefined;
}
