// Writes images: the largest level from the input, and the others each from the one before.
import type { NDArray } from "../../formats/mod.ts";
import { alreadyExists, isRegistryError, itemAt, joinPath, shown } from "../../core/kernel.ts";
import { areTimes, ELEMENTS, isNDArray } from "../../formats/arrays/ndarray.ts";
import { createZarrArray, createZarrGroup, openZarrGroup } from "../../formats/zarr.ts";
import type { CallOptions, ZarrArray, ZarrGroup, ZarrStore } from "../../formats/zarr.ts";
import type { Channel } from "./channels.ts";
import { checkHalvable } from "./halve.ts";
import { imageAttributes, readImageAttributes } from "./image_metadata.ts";
import { copyArray, cutsOf, halveArray, invalidImage, levelShapes, placeLevels } from "./levels.ts";
import type { ImageLayout } from "./levels.ts";
import { imageOf, type MultiscaleImage } from "./image.ts";
import { type OmeVersion, ZARR_VERSIONS } from "./version.ts";

/** Options of {@linkcode createImagePyramid}. */
export interface ImagePyramidOptions extends ImageLayout, CallOptions {
  /** The image, in memory or an array of zarr, which is read in blocks. */
  image: NDArray | ZarrArray;
  /** The version of OME-NGFF. @default "0.5" */
  version?: OmeVersion;
  /** The name of the image. @default the last segment of the path */
  name?: string;
  /** The rendering of its channels, or their labels. */
  channels?: readonly (string | Channel)[];
}

/**
 * Writes an image with all its levels. Values are never cast: levels have the dtype of the image.
 * Metadata is written last, so an incomplete image cannot be opened.
 *
 * @param path the group of the image, which is created
 * @throws {RegistryError} `AlreadyExists` for an existing group; `Unsupported` for means of
 * booleans and complex numbers; `Invalid` for axes that OME-NGFF does not allow
 *
 * @example
 * ```ts
 * import { createMemoryFiles } from "@holdfast/holdfast/files";
 * import { createImagePyramid, openMultiscale } from "@holdfast/holdfast/files/ome";
 * import { zarrStore } from "@holdfast/holdfast/formats/zarr";
 * import { assertEquals } from "@std/assert";
 *
 * const store = zarrStore(createMemoryFiles());
 * const image = { data: Uint8Array.of(1, 2, 3, 4), shape: [2, 2], dtype: "uint8" } as const;
 * const axes = { axes: "yx", scale: [0.5, 0.5], levels: 2 };
 * await createImagePyramid(store, "cells.zarr", { image, ...axes });
 * const { levels } = await openMultiscale(store, "cells.zarr");
 * const [large, small] = levels.map(({ array, scale }) => ({ shape: array.shape, scale }));
 * assertEquals(large, { shape: [2, 2], scale: [0.5, 0.5] });
 * assertEquals(small, { shape: [1, 1], scale: [1, 1] });
 * assertEquals((await levels[1]!.array.read()).data, Uint8Array.of(3)); // 2.5, rounded up
 * ```
 */
export async function createImagePyramid(
  store: ZarrStore,
  path: string,
  options: ImagePyramidOptions,
): Promise<MultiscaleImage> {
  if (await findGroup(store, path, { signal: options.signal }) !== undefined) {
    throw alreadyExists("write image", shown(path), "a group exists", {
      hint: "Remove it first, or choose another path.",
      key: path,
    });
  }
  return await writeImage(store, path, options);
}

export async function findGroup(
  store: ZarrStore,
  path: string,
  options: CallOptions,
): Promise<ZarrGroup | undefined> {
  try {
    return await openZarrGroup(store, path, options);
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return undefined;
    throw error;
  }
}

/** Writes an image without a check for an existing one. */
export async function writeImage(
  store: ZarrStore,
  path: string,
  options: ImagePyramidOptions & { isOverLeftover?: boolean },
): Promise<MultiscaleImage> {
  const {
    image,
    version = "0.5",
    axes,
    downsampling = "mean",
    channels,
    name = path.split("/").at(-1),
    signal,
  } = options;
  const { dtype } = image;
  const shapes = levelShapes(image.shape, options.levels);
  if (shapes.length > 1) checkHalvable(dtype, downsampling);
  const levels = placeLevels(shapes, options);
  const attributes = imageAttributes({
    version,
    ...name !== "" && { name },
    axes,
    levels,
    ...shapes.length > 1 && { downsampling },
    channels,
    dtype,
  });
  const metadata = readImageAttributes(path, attributes);
  const channelAxis = metadata.axes.findIndex(({ type }) => type === "channel");
  checkImage(image, { axes: metadata.axes.length, channels, channelAxis });
  if (options.isOverLeftover) {
    const paths = ["", ...levels.map(({ path }) => path)].map((name) => joinPath(path, name));
    await removeDocuments(store, paths, options);
  }
  const arrays: ZarrArray[] = [];
  for (const [i, shape] of shapes.entries()) {
    const array = await createZarrArray(store, joinPath(path, itemAt(levels, i).path), {
      shape,
      dtype,
      ...cutsOf(shape, dtype, { version, ...options }),
      codec: options.codec,
      version: ZARR_VERSIONS[version],
      dimensionNames: version === "0.5" ? metadata.axes.map(({ name }) => name) : undefined,
      signal,
    });
    if (i > 0) await halveArray(itemAt(arrays, i - 1), array, { downsampling, signal });
    else if (isNDArray(image)) await array.write(image, { signal });
    else await copyArray(image, array, { signal });
    arrays.push(array);
  }
  await createZarrGroup(store, path, { attributes, version: ZARR_VERSIONS[version], signal });
  return imageOf(path, metadata, arrays);
}

/** Removes the documents of groups and arrays. Their chunks are overwritten. */
async function removeDocuments(
  store: ZarrStore,
  paths: readonly string[],
  { signal }: CallOptions,
): Promise<void> {
  for (const path of paths) {
    for (const name of ["zarr.json", ".zgroup", ".zarray"]) {
      await store.remove?.(joinPath(path, name), { signal });
    }
  }
}

function checkImage(
  { shape, dtype }: NDArray | ZarrArray,
  { axes, channels, channelAxis }: {
    axes: number;
    channels?: readonly unknown[];
    channelAxis: number;
  },
): void {
  const shown = `(${shape.join(", ")})`;
  if (shape.length !== axes) {
    throw invalidImage(`shape ${shown} does not have ${axes} axes`, "Pass a name for each axis.");
  }
  if (shape.includes(0)) {
    throw invalidImage(`shape ${shown} has no elements`, "Pass an image with elements.");
  }
  if (!Object.hasOwn(ELEMENTS, dtype) || areTimes(dtype)) {
    throw invalidImage("it is not an array", "Pass { data, shape, dtype }.");
  }
  const count = channelAxis < 0 ? 1 : shape[channelAxis];
  if (channels === undefined || channels.length === count) return;
  const state = `${channels.length} channels are described, but it has ${count}`;
  throw invalidImage(state, "Describe each of them, or none.");
}
