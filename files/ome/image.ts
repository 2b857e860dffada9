// Images of several levels.
import { corrupt, fault, type RegistryError } from "../../core/errors.ts";
import { joinPath } from "../../core/naming/paths.ts";
import { shown } from "../../core/naming/names.ts";
import { itemAt } from "../../core/faults/present.ts";
import { zipAxes } from "../../formats/arrays/ndarray.ts";
import { openZarrArray, openZarrGroup } from "../../formats/zarr.ts";
import type { CallOptions, NDArray, ZarrArray, ZarrStore } from "../../formats/zarr.ts";
import type { Axis } from "./axes.ts";
import { type ImageMetadata, type LevelMetadata, readImageAttributes } from "./image_metadata.ts";

/** Options of reading a plane. */
export interface ReadPlaneOptions extends CallOptions {
  /** The level, 0 for the largest. @default 0 */
  level?: number;
}

/**
 * An index along each axis before the last two: `{ t: 0, c: 1 }`. Axes of length 1 are optional.
 */
export type PlaneIndex = Readonly<Record<string, number>>;

/** An image of several levels, usually each half as large as the one before. */
export interface MultiscaleImage extends Omit<ImageMetadata, "levels"> {
  readonly path: string;
  /** The levels, the largest first. Each array reads regions of any size. */
  readonly levels: readonly (LevelMetadata & { readonly array: ZarrArray })[];
  /**
   * Reads a plane of shape `[height, width]`, the last two axes, from its chunks only.
   *
   * @throws {RegistryError} `Invalid` for an index out of range
   */
  readPlane(at?: PlaneIndex, options?: ReadPlaneOptions): Promise<NDArray>;
}

/**
 * Opens an image of OME-NGFF 0.4 or 0.5.
 *
 * @param store its location: `zarrStore(files)` for any file store
 * @param path the group of the image; empty for the root
 * @throws {RegistryError} `NotFound`; `Corrupt` for metadata or arrays that OME-NGFF does not
 * allow; `Unsupported` for encodings that are not supported
 */
export async function openMultiscale(
  store: ZarrStore,
  path: string,
  options: CallOptions = {},
): Promise<MultiscaleImage> {
  const metadata = await readImageMetadata(store, path, options);
  const arrays = await Promise.all(
    metadata.levels.map((level) => openLevel(store, path, level, options)),
  );
  checkLevels(path, metadata.axes, arrays);
  return imageOf(path, metadata, arrays);
}

export async function readImageMetadata(
  store: ZarrStore,
  path: string,
  options?: CallOptions,
): Promise<ImageMetadata> {
  const { attributes } = await openZarrGroup(store, path, options);
  return readImageAttributes(path, attributes);
}

export function openLevel(
  store: ZarrStore,
  path: string,
  level: LevelMetadata,
  options?: CallOptions,
): Promise<ZarrArray> {
  return openZarrArray(store, joinPath(path, level.path), options);
}

/**
 * Levels have the declared dimensions, one dtype, and no larger planes than the one before. They
 * may have more planes than the largest level, from an append that did not finish.
 */
function checkLevels(path: string, axes: readonly Axis[], arrays: readonly ZarrArray[]): void {
  for (const [i, array] of arrays.entries()) {
    const { shape, dtype } = array;
    const [first = array, before = array] = [arrays[0], arrays[i - 1]];
    const state = shape.length !== axes.length
      ? `has ${shape.length} dimensions, expected ${axes.length}`
      : dtype !== first.dtype
      ? `is ${dtype}, but level 0 is ${first.dtype}`
      : zipAxes(shape.slice(-2), before.shape.slice(-2)).some(([length, most]) => length > most)
      ? `is larger than level ${i - 1}`
      : undefined;
    if (state === undefined) continue;
    throw corrupt("read OME-NGFF", shown(path), `level ${i} ${state}`, {
      hint: "Open its arrays with openZarrArray, or write the image again.",
      key: path,
    });
  }
}

export function imageOf(
  path: string,
  metadata: ImageMetadata,
  arrays: readonly ZarrArray[],
): MultiscaleImage {
  const levels = metadata.levels.map((level, i) => ({ ...level, array: itemAt(arrays, i) }));
  return {
    ...metadata,
    path,
    levels,
    async readPlane(at = {}, { level = 0, ...options } = {}) {
      const { array } = levelAt(path, levels, level);
      return await readPlane(path, { axes: metadata.axes, array, at }, options);
    },
  };
}

export async function readPlane(
  path: string,
  { axes, array, at }: { axes: readonly Axis[]; array: ZarrArray; at: PlaneIndex },
  options: CallOptions,
): Promise<NDArray> {
  const names = axes.slice(0, -2).map(({ name }) => name);
  const unknownAxis = Object.keys(at).find((name) => !names.includes(name));
  if (unknownAxis !== undefined) {
    throw noPlane(path, `its planes have no axis ${shown(unknownAxis)}`);
  }
  const indices = zipAxes(names, array.shape).map(([name, count]) => {
    const index = Object.hasOwn(at, name) ? at[name] : count === 1 ? 0 : undefined;
    if (index === undefined) throw noPlane(path, `the index of axis ${shown(name)} is missing`);
    if (Number.isInteger(index) && index >= 0 && index < count) return index;
    throw noPlane(path, `${name} ${shown(index)} is not below ${count}`);
  });
  return await array.read([...indices, null, null], options);
}

export function levelAt<L>(path: string, levels: readonly L[], level: number): L {
  if (levels[level] !== undefined) return levels[level];
  throw noPlane(path, `no level ${shown(level)}`, `Pass a level below ${levels.length}.`);
}

function noPlane(
  path: string,
  state: string,
  hint = "Pass an index, from 0, for each axis before the last two: { t: 0, c: 1 }.",
): RegistryError {
  const action = "read a plane of";
  return fault({ code: "Invalid", action, subject: shown(path), state, hint, key: path });
}
