// The document of an array of version 2, `.zarray`
// (https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html#metadata).
import type { BytesCodec } from "../chunks/codecs.ts";
import { fillText, parseFill, parseTypestr, typestrOf } from "./data_types.ts";
import { corrupt, unsupported } from "../errors.ts";
import { type ArrayMetadata, needObject, parseLengths, parsePacking } from "./metadata.ts";
import type { ZarrObject } from "./metadata_text.ts";

/** Parses the document of an array; its attributes are in another one. */
export function parseArrayV2(
  key: string,
  document: ZarrObject,
  attributes: ZarrObject,
): ArrayMetadata {
  const shape = parseLengths(key, document.shape, "shape");
  const { dtype, isBigEndian } = parseTypestr(key, document.dtype);
  const { compressor, filters, order, dimension_separator: separator = "." } = document;
  if (Array.isArray(filters) ? filters.length > 0 : (filters ?? null) !== null) {
    throw unsupported(key, "it has filters");
  }
  if (order !== "C" && order !== "F") throw corrupt(key, "its order is neither C nor F");
  if (separator !== "." && separator !== "/") {
    throw corrupt(key, "its dimension_separator is neither . nor /");
  }
  const axes = shape.map((_, axis) => shape.length - 1 - axis);
  const steps: BytesCodec[] = [];
  if ((compressor ?? null) !== null) {
    const configuration = needObject(key, compressor, "compressor");
    steps.push(parsePacking(key, configuration.id, configuration));
  }
  return {
    version: 2,
    shape,
    dtype,
    grid: parseLengths(key, document.chunks, "chunks", 1),
    codecs: { ...(order === "F" && shape.length > 1 ? { order: axes } : {}), isBigEndian, steps },
    fill: parseFill(key, dtype, document.fill_value ?? null),
    keyOf: (indices) => indices.join(separator) || "0",
    attributes,
    document,
  };
}

const SHUFFLES = ["noshuffle", "shuffle", "bitshuffle"];

/** Makes the document of a new array, in C order and little-endian. */
export function arrayDocumentV2(
  metadata: Omit<ArrayMetadata, "document" | "keyOf">,
  separator: string,
): ZarrObject {
  const { shape, grid, dtype, fill, codecs } = metadata;
  return {
    zarr_format: 2,
    shape: [...shape],
    chunks: [...grid],
    dtype: typestrOf(dtype),
    compressor: compressorText(codecs.steps[0]),
    fill_value: fillText(dtype, fill),
    order: "C",
    filters: null,
    dimension_separator: separator,
  };
}

function compressorText(step: BytesCodec | undefined): ZarrObject | null {
  if (step === undefined || step.name === "crc32c") return null;
  const { name, ...configuration } = step;
  if (name !== "blosc") return { id: name, ...configuration } as ZarrObject;
  return { id: name, ...configuration, shuffle: SHUFFLES.indexOf(step.shuffle) } as ZarrObject;
}
