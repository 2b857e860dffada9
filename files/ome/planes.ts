// Images of several levels, and reading planes of them.
import type { CallOptions } from "../../core/backend.ts";
import type { NDArray } from "../../formats/arrays/ndarray.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { ZarrArray } from "../../formats/zarr.ts";
import type { Axis } from "./axes.ts";
import type { ImageMetadata, LevelMetadata } from "./image_metadata.ts";

/** A level of an image: its array, and where its elements are. */
export interface ImageLevel extends LevelMetadata {
  readonly array: ZarrArray;
}

/** Options of reading a plane. */
export interface ReadPlaneOptions extends CallOptions {
  /** The level, 0 for the largest. @default 0 */
  level?: number;
}

/** An index along each axis before the last two, by name: `{ t: 0, c: 1 }`. An axis of length 1 may be left out. */
export type PlaneIndex = Readonly<Record<string, number>>;

/** An image of several levels, each half as large as the one before, or made so by whoever wrote it. */
export interface MultiscaleImage extends Omit<ImageMetadata, "levels"> {
  readonly path: string;
  /** Its levels, the largest first. Each array reads regions of any size. */
  readonly levels: readonly ImageLevel[];
  /**
   * A plane, of shape `[height, width]`: the last two axes. Only chunks of it are read.
   *
   * @throws {RegistryError} `Invalid` for an index that there is not
   */
  readPlane(at?: PlaneIndex, options?: ReadPlaneOptions): Promise<NDArray>;
}

export function imageOf(
  path: string,
  metadata: ImageMetadata,
  arrays: readonly ZarrArray[],
): MultiscaleImage {
  const levels = metadata.levels.map((level, i) => ({ ...level, array: arrays[i] }));
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
  const other = Object.keys(at).find((name) => !names.includes(name));
  if (other !== undefined) throw noPlane(path, `it has no axis ${shown(other)} of planes`);
  const indices = names.map((name, axis) => {
    const index = Object.hasOwn(at, name) ? at[name] : array.shape[axis] === 1 ? 0 : undefined;
    if (index === undefined) throw noPlane(path, `nothing is said of its axis ${shown(name)}`);
    if (Number.isInteger(index) && index >= 0 && index < array.shape[axis]) return index;
    throw noPlane(path, `it has no ${name} ${shown(index)}, but ${array.shape[axis]} of them`);
  });
  return await array.read([...indices, null, null], options);
}

export function levelAt<L>(path: string, levels: readonly L[], level: number): L {
  if (levels[level] !== undefined) return levels[level];
  throw noPlane(
    path,
    `there is no level ${shown(level)}`,
    `It has ${levels.length}, counted from 0.`,
  );
}

function noPlane(
  path: string,
  state: string,
  hint = "Give an index, from 0, for each axis before the last two: { t: 0, c: 1 }.",
): RegistryError {
  return fault({
    code: "Invalid",
    action: "read a plane of",
    subject: shown(path),
    state,
    hint,
    key: path,
  });
}
