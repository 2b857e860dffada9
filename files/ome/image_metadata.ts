// What an image says of itself: <https://ngff.openmicroscopy.org/0.5/#multiscale-md> and
// <https://ngff.openmicroscopy.org/0.4/#multiscale-md>.
import { parsePath } from "../../core/naming/paths.ts";
import type { DType } from "../../formats/arrays/ndarray.ts";
import { shown } from "../../core/naming/names.ts";
import type { ZarrObject } from "../../formats/zarr.ts";
import { type Axes, type Axis, listAxes, readAxes } from "./axes.ts";
import { type Channel, omeroOf, readChannels } from "./channels.ts";
import {
  checkDistinct,
  given,
  itemsOf,
  memberIn,
  memberOf,
  newDocument,
  numbersOf,
  optional,
} from "./document.ts";
import { readDocument, textOf, wrong } from "./document.ts";
import type { Part } from "./document.ts";
import { type OmeVersion, versionOf, withVersion } from "./version.ts";

/** Where the elements of an array are: element `i` of an axis is at `scale * i + translation`, in its unit. */
export interface Placement {
  /** The distance of elements, per axis. */
  scale: number[];
  /** Where element 0 is, per axis. */
  translation: number[];
}

/** A level of an image: a copy of it, each smaller than the one before. */
export interface LevelMetadata extends Placement {
  /** The array, relative to the image: `0`. */
  path: string;
}

/** What an image says of itself. */
export interface ImageMetadata {
  version: OmeVersion;
  name?: string;
  /** Its dimensions, in order. */
  axes: Axis[];
  /** Its levels, the largest first. What is said of all of them at once is in each. */
  levels: LevelMetadata[];
  /** How levels were made smaller, as whoever wrote it calls that: `mean`. */
  downsampling?: string;
  channels?: Channel[];
}

/** What {@linkcode imageAttributes} makes metadata of. */
export interface ImageToDescribe extends Omit<ImageMetadata, "axes" | "channels" | "version"> {
  /** The version of OME-NGFF. @default "0.5" */
  version?: OmeVersion;
  /** Its dimensions, in order. */
  axes: Axes;
  /** How its channels are shown, or only their labels. */
  channels?: readonly (string | Channel)[];
  /** What its elements are, from which the values that a channel may have follow. @default "uint16" */
  dtype?: DType;
}

/** More levels than any image has. */
const MAX_LEVELS = 100;

/**
 * The attributes of the group of an image.
 *
 * @throws {RegistryError} `Invalid` for axes and numbers that OME-NGFF does not allow
 *
 * @example
 * ```ts
 * import { imageAttributes, readImageAttributes } from "@holdfast/holdfast/files/ome";
 * import { assertEquals } from "@std/assert";
 *
 * const levels = [{ path: "0", scale: [1, 0.5, 0.5], translation: [0, 0, 0] }];
 * const attributes = imageAttributes({ axes: "cyx", levels, channels: ["DAPI"] });
 * const { version, axes, channels } = readImageAttributes("plate.zarr/A/1/0", attributes);
 * assertEquals([version, axes[0], channels?.[0].label], ["0.5", { name: "c", type: "channel" }, "DAPI"]);
 * ```
 */
export function imageAttributes(image: ImageToDescribe): ZarrObject {
  const { version = "0.5", name, axes, levels, downsampling, channels, dtype = "uint16" } = image;
  const multiscale = {
    ...version === "0.4" && { version },
    ...name !== undefined && { name },
    axes: listAxes(axes),
    datasets: levels.map(({ path, scale, translation }) => ({
      path,
      coordinateTransformations: [
        { type: "scale", scale },
        ...translation.some((offset) => offset !== 0) ? [{ type: "translation", translation }] : [],
      ],
    })),
    ...downsampling !== undefined && { type: downsampling, metadata: { description: DESCRIBED } },
  };
  const omero = channels === undefined ? {} : { omero: omeroOf(channels, dtype) };
  const attributes = withVersion(version, { multiscales: [multiscale], ...omero });
  parseImage(newDocument("image", attributes));
  return attributes;
}

const DESCRIBED =
  "Each level is half as large in x and y as the one before; odd sides are rounded up.";

/**
 * Reads the attributes of the group of an image, of 0.4 or 0.5. Of several multiscale images the first is read.
 *
 * @param path the group, for messages
 * @throws {RegistryError} `Corrupt`, with the place, for what OME-NGFF does not allow; `Unsupported` for other versions
 */
export function readImageAttributes(path: string, attributes: unknown): ImageMetadata {
  return parseImage(readDocument(path, attributes));
}

function parseImage(document: Part): ImageMetadata {
  const { version, metadata } = versionOf(document, "multiscales");
  const multiscales = memberOf(metadata, "multiscales");
  const [multiscale] = itemsOf(multiscales);
  if (multiscale === undefined) throw wrong(multiscales, "is empty");
  const name = optional(multiscale, "name", textOf);
  const axes = readAxes(memberOf(multiscale, "axes"));
  const outer = optional(
    multiscale,
    "coordinateTransformations",
    (part) => readPlacement(part, axes.length),
  );
  const datasets = memberOf(multiscale, "datasets");
  const items = itemsOf(datasets);
  if (items.length < 1 || items.length > MAX_LEVELS) {
    throw wrong(datasets, `has ${items.length} levels`);
  }
  const levels = items.map((item) => {
    const inner = readPlacement(memberOf(item, "coordinateTransformations"), axes.length);
    return { path: readPath(memberOf(item, "path")), ...after(inner, outer) };
  });
  checkDistinct(datasets, levels.map(({ path }) => path));
  const type = memberIn(multiscale, "type")?.value;
  const channels = readChannels(metadata);
  const downsampling = typeof type === "string" ? type : undefined;
  return given({ version, name, axes, levels, downsampling, channels });
}

/** Exactly one scale, and after it at most one translation. */
function readPlacement(part: Part, length: number): Placement {
  const [first, second, third] = itemsOf(part);
  if (first === undefined || textOf(memberOf(first, "type")) !== "scale") {
    throw wrong(part, "does not begin with a scale");
  }
  if (third !== undefined) throw wrong(part, "has more than a scale and a translation");
  const scale = numbersOf(memberOf(first, "scale"), length);
  if (second === undefined) return { scale, translation: scale.map(() => 0) };
  const type = memberOf(second, "type");
  if (textOf(type) !== "translation") {
    throw wrong(type, `is ${shown(type.value)}: after a scale there is a translation`);
  }
  return { scale, translation: numbersOf(memberOf(second, "translation"), length) };
}

function after({ scale, translation }: Placement, outer?: Placement): Placement {
  if (outer === undefined) return { scale, translation };
  return {
    scale: scale.map((step, axis) => step * outer.scale[axis]),
    translation: translation.map((offset, axis) =>
      offset * outer.scale[axis] + outer.translation[axis]
    ),
  };
}

/** A path below the image: nothing that is stored leads out of it. */
function readPath(part: Part): string {
  const text = textOf(part);
  try {
    const path = parsePath(text);
    if (path !== "") return path;
  } catch {
    // told below
  }
  throw wrong(part, `is ${shown(text)}: no path below the image`);
}
