// Opening images of several levels.
import type { CallOptions } from "../../core/backend.ts";
import { fault } from "../../core/errors.ts";
import { joinPath } from "../../core/naming/paths.ts";
import { shown } from "../../core/naming/names.ts";
import { openZarrArray, openZarrGroup } from "../../formats/zarr.ts";
import type { ZarrArray, ZarrStore } from "../../formats/zarr.ts";
import type { Axis } from "./axes.ts";
import { type ImageMetadata, type LevelMetadata, readImageAttributes } from "./image_metadata.ts";
import { imageOf, type MultiscaleImage } from "./planes.ts";

/**
 * Opens an image of OME-NGFF 0.4 or 0.5.
 *
 * @param store where it is: `zarrStore(files)` makes one of any file store
 * @param path the group of the image; empty for the root
 * @throws {RegistryError} `NotFound`; `Corrupt` for metadata or arrays that OME-NGFF does not allow; `Unsupported` for
 * what is written in a way that is not read here
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
 * Levels have the dimensions that are declared, elements of one kind, and no larger planes than the one before. There
 * may be more planes than in the largest level: those of an append that has not ended.
 */
function checkLevels(path: string, axes: readonly Axis[], arrays: readonly ZarrArray[]): void {
  const [first] = arrays;
  for (const [i, { shape, dtype }] of arrays.entries()) {
    const before = arrays[Math.max(0, i - 1)];
    const state = shape.length !== axes.length
      ? `has ${shape.length} dimensions for ${axes.length} axes`
      : dtype !== first.dtype
      ? `is ${dtype}, the first is ${first.dtype}`
      : shape.slice(-2).some((length, axis) => length > before.shape.slice(-2)[axis])
      ? "is larger than the one before"
      : undefined;
    if (state === undefined) continue;
    throw fault({
      code: "Corrupt",
      action: "read OME-NGFF",
      subject: shown(path),
      state: `its level ${i} ${state}`,
      hint: "Open its arrays with openZarrArray, or write the image again.",
      key: path,
    });
  }
}
