/**
 * File formats: all of them by id and by extension, and those that need no package. The others have
 * entry points of their own (`./formats/csv`, `./formats/png`, …); `createFormats` loads each at its
 * first use.
 *
 * @module
 */
import { checkCount, type ErrorCode, fault, notFound } from "../core/errors.ts";
import type { RegistryError } from "../core/errors.ts";
import type { Format } from "./content/format.ts";
import { shown } from "../core/naming/names.ts";
import { valueAt } from "../core/faults/present.ts";
import { loadPart, orImport } from "../core/urls/load_part.ts";
import { bytes } from "./bytes.ts";
import { json } from "./json.ts";
import { jsonl } from "./jsonl.ts";
import { npy } from "./npy.ts";
import { npz, tar, tgz, zip } from "./archive.ts";
import { safetensors } from "./safetensors.ts";
import { text } from "./text.ts";
import { tiff } from "./tiff.ts";

export { npz, tar, tgz, zip } from "./archive.ts";
export type { NamedArrays } from "./archive.ts";
export type { ArchiveEntry, ArchiveLimits, EntriesToSave, EntryToSave } from "./archive/entries.ts";
export type { ZipLimits } from "./archive/zip_directory.ts";
export type { DataOf, DType, NDArray, TypedArray } from "./arrays/ndarray.ts";
export { bytes, type RawContent } from "./bytes.ts";
export type * from "./content/format.ts";
export { toArray, toImage } from "./images/image.ts";
export type { Image, ImageDType } from "./images/image.ts";
export type { ImageOptions } from "./images/image_file.ts";
export { json } from "./json.ts";
export { jsonl, readJsonLines } from "./jsonl.ts";
export { npy, readSlice, type SliceOptions } from "./npy.ts";
export { describeTensors, openSafetensors, safetensors, toFloat32 } from "./safetensors.ts";
export type { OpenedTensors, SafetensorsFacts, TensorFile } from "./safetensors.ts";
export type { Tensor, TensorDType, TensorInfo } from "./safetensors.ts";
export { text } from "./text.ts";
export { readPages, readRegion, tiff } from "./tiff.ts";
export type { TiffPage } from "./tiff.ts";
export type { Rectangle } from "./tiff/read_page.ts";

/** A set of formats, to which programs add their own. Iterates over the ids. */
export interface Formats extends Iterable<string> {
  /** Adds a format and returns it. A duplicate id or extension is `AlreadyExists`. */
  register<F extends Format>(format: F): F;
  /** Returns the format with the longest matching extension, or undefined. */
  forPath(path: string): Promise<Format | undefined>;
  /**
   * Returns the format with this id. An unknown one is `NotFound`; the hint lists all ids.
   *
   * @param reading the stored `reading` of the format that wrote the file; it cannot set limits
   */
  get(id: string, reading?: Format["reading"]): Promise<Format>;
  /** Returns all ids in the order they were added. Loads nothing. */
  names(): string[];
  /** Returns all extensions with the id of their format. Loads nothing. */
  extensions(): ReadonlyMap<string, string>;
}

/** A built-in format that is loaded at its first use. */
interface Part {
  id: string;
  extensions: readonly string[];
  /** The file beside this one that exports a function named like the id. @default the id */
  file?: string;
  /** The options that may be stored beside its files. */
  reading?: readonly string[];
}

const TABLE_TEXT = ["columns", "header", "delimiter"];

const PARTS: readonly Part[] = [
  { id: "csv", extensions: [".csv"], reading: TABLE_TEXT },
  { id: "jpeg", extensions: [".jpg", ".jpeg"] },
  { id: "npz", extensions: [".npz"], file: "archive" },
  {
    id: "parquet",
    extensions: [".parquet"],
    reading: ["localTimes", "fineTimes", "unsignedIntegers"],
  },
  { id: "png", extensions: [".png"] },
  { id: "safetensors", extensions: [".safetensors"] },
  { id: "tar", extensions: [".tar"], file: "archive" },
  { id: "tgz", extensions: [".tar.gz", ".tgz"], file: "archive" },
  { id: "tiff", extensions: [".tif", ".tiff"] },
  { id: "tsv", extensions: [".tsv"], file: "csv", reading: TABLE_TEXT },
  { id: "yaml", extensions: [".yaml", ".yml"] },
  { id: "zip", extensions: [".zip"], file: "archive" },
];

/**
 * Creates a set of all built-in formats.
 *
 * @example
 * ```ts
 * import { createFormats } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const formats = createFormats();
 * assertEquals((await formats.forPath("plate/A01.npy"))?.id, "npy");
 * assertEquals(await formats.forPath("notes.unknown"), undefined);
 * ```
 */
export function createFormats(): Formats {
  const formats = new Map<string, () => Promise<Format>>();
  const byExtension = new Map<string, string>();

  function add({ id, extensions }: Part, load: () => Promise<Format>): void {
    const isTaken = formats.has(id)
      ? `format ${shown(id)}`
      : extensions.find((name) => byExtension.has(name));
    if (isTaken !== undefined) {
      const hint = "Use a unique id and unique extensions, or pass { as: format } per call.";
      throw cannotRegister("AlreadyExists", id, `${isTaken} exists`, hint);
    }
    for (const extension of extensions) {
      if (/^(\.[a-z0-9_-]+)+$/.test(extension)) continue;
      const hint = "Begin it with a dot and use lower case letters and digits: .tif, .roi.zip.";
      throw cannotRegister("Invalid", id, `invalid extension ${shown(extension)}`, hint);
    }
    formats.set(id, load);
    for (const extension of extensions) byExtension.set(extension, id);
  }

  function register<F extends Format>(format: F, ...rest: never[]): F {
    checkCount("register a format", [format, ...rest], 1);
    add({ id: format.id, extensions: format.extensions }, () => Promise.resolve(format));
    return format;
  }

  for (const format of [json(), jsonl(), npy(), text(), bytes()]) register(format as Format);
  for (const part of PARTS) {
    let loaded: Promise<Format> | undefined;
    const load = () =>
      loaded ??= loadFormat(part).catch((error) => {
        loaded = undefined;
        throw error;
      });
    add(part, load);
  }

  return {
    register,
    async forPath(path) {
      const extension = extensionsOf(path).find((name) => byExtension.has(name));
      return extension === undefined
        ? undefined
        : await formats.get(valueAt(byExtension, extension))!();
    },
    async get(id, reading) {
      const part = PARTS.find((part) => part.id === id);
      if (reading !== undefined && part !== undefined) return await loadFormat(part, reading);
      const load = formats.get(id);
      if (load !== undefined) return await load();
      throw notFound("find format", shown(id), "unknown format", {
        hint: `Use one of ${[...formats.keys()].join(", ")}.`,
      });
    },
    names: () => [...formats.keys()],
    [Symbol.iterator]: () => [...formats.keys()].values(),
    extensions: () => new Map(byExtension),
  };
}

/** Returns the possible extensions of a path, lower case, the longest first: `.roi.zip`, `.zip`. */
function extensionsOf(path: string): string[] {
  const [, ...parts] = path.slice(path.lastIndexOf("/") + 1).toLowerCase().split(".");
  return parts.map((_, from) => `.${parts.slice(from).join(".")}`);
}

type Makers = Readonly<Record<string, (options: object) => Format>>;

/** Formats that are here already: this module exports them. */
const WITHOUT_PACKAGE: Makers = { npz, safetensors, tar, tgz, tiff, zip };

async function loadMakers(file: string): Promise<Makers> {
  const loading = loadPart<Makers>(
    `./${file}.ts`,
    import.meta.url,
  );
  return await orImport(`formats/${file}`, loading);
}

async function loadFormat(
  { id, file = id, reading = [] }: Part,
  recorded: Format["reading"] = {},
): Promise<Format> {
  const options = Object.entries(recorded).filter(([name]) => reading.includes(name));
  const makers = Object.hasOwn(WITHOUT_PACKAGE, id) ? WITHOUT_PACKAGE : await loadMakers(file);
  return makers[id]!(Object.fromEntries(options));
}

function cannotRegister(code: ErrorCode, id: string, state: string, hint: string): RegistryError {
  return fault({ code, action: "register format", subject: shown(id), state, hint });
}
