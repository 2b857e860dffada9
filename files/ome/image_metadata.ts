// Metadata of images: <https://ngff.openmicroscopy.org/0.5/#multiscale-md> and
// <https://ngff.openmicroscopy.org/0.4/#multiscale-md>.
import { parsePath } from "../../core/naming/paths.ts";
import { zipAxes } from "../../formats/arrays/ndarray.ts";
import { shown } from "../../core/naming/names.ts";
import type { DType, ZarrObject } from "../../formats/zarr.ts";
import { type Axes, type Axis, listAxes, readAxes } from "./axes.ts";
import { type Channel, omeroOf, readChannels } from "./channels.ts";
import {
  checkDistinct,
  described,
  given,
  itemsOf,
  memberIn,
  memberOf,
  newDocument,
  numbersOf,
  optional,
} from "./document.ts";
import { type Part, readDocument, stringOf, wrong } from "./document.ts";
import { type OmeVersion, versionOf, withVersion } from "./version.ts";

/** The location of elements: `i` along an axis is at `scale * i + translation`, in its unit. */
export interface Placement {
  /** The distance of elements, per axis. */
  scale: number[];
  /** The location of element 0, per axis. */
  translation: number[];
}

/** A level of an image, smaller than the one before. */
export interface LevelMetadata extends Placement {
  /** The path of its array, relative to the image: `0`. */
  path: string;
}

/** The metadata of an image. */
export interface ImageMetadata {
  version: OmeVersion;
  name?: string;
  /** The dimensions, in order. */
  axes: Axis[];
  /** The levels, the largest first, including transformations of all of them. */
  levels: LevelMetadata[];
  /** The method that made the levels, as its writer calls it: `mean`. */
  downsampling?: string;
  channels?: Channel[];
}

/** The input of {@linkcode imageAttributes}. */
export interface ImageToDescribe extends Omit<ImageMetadata, "axes" | "channels" | "version"> {
  /** The version of OME-NGFF. @default "0.5" */
  version?: OmeVersion;
  axes: Axes;
  /** The rendering of the channels, or their labels. */
  channels?: readonly (string | Channel)[];
  /** The type of the elements, for the default ranges of channels. @default "uint16" */
  dtype?: DType;
}

const MAX_LEVELS = 100;

/**
 * Returns the attributes of the group of an image.
 *
 * @throws {RegistryError} `Invalid` for axes and numbers that OME-NGFF does not allow
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
 * Reads the attributes of the group of an image of 0.4 or 0.5: the first of its multiscale images.
 *
 * @param path the group, for messages
 * @throws {RegistryError} `Corrupt`, with the location, for what OME-NGFF does not allow;
 * `Unsupported` for other versions
 */
export function readImageAttributes(path: string, attributes: unknown): ImageMetadata {
  return parseImage(readDocument(path, attributes));
}

function parseImage(document: Part): ImageMetadata {
  const { version, metadata } = versionOf(document, "multiscales");
  const multiscales = memberOf(metadata, "multiscales");
  const [multiscale] = itemsOf(multiscales);
  if (multiscale === undefined) throw wrong(multiscales, "is empty");
  const name = described(multiscale, "name", stringOf);
  const axes = readAxes(memberOf(multiscale, "axes"));
  const count = axes.length;
  const transformations = "coordinateTransformations";
  const outer = optional(multiscale, transformations, (part) => readPlacement(part, count));
  const datasets = memberOf(multiscale, "datasets");
  const items = itemsOf(datasets);
  if (items.length < 1 || items.length > MAX_LEVELS) {
    throw wrong(datasets, `has ${items.length} levels`);
  }
  const levels = items.map((item) => {
    const inner = readPlacement(memberOf(item, transformations), count);
    return { path: readPath(memberOf(item, "path")), ...after(inner, outer) };
  });
  checkDistinct(datasets, levels.map(({ path }) => path));
  const type = memberIn(multiscale, "type")?.value;
  const channels = readChannels(metadata);
  const downsampling = typeof type === "string" ? type : undefined;
  return given({ version, name, axes, levels, downsampling, channels });
}

/** Reads one scale, and at most one translation after it. */
function readPlacement(part: Part, length: number): Placement {
  const [first, second, third] = itemsOf(part);
  if (first === undefined || stringOf(memberOf(first, "type")) !== "scale") {
    throw wrong(part, "does not begin with a scale");
  }
  if (third !== undefined) throw wrong(part, "has more than a scale and a translation");
  const scale = numbersOf(memberOf(first, "scale"), length);
  if (second === undefined) return { scale, translation: scale.map(() => 0) };
  const type = memberOf(second, "type");
  if (stringOf(type) !== "translation") {
    throw wrong(type, `is ${shown(type.value)}, not "translation" after "scale"`);
  }
  return { scale, translation: numbersOf(memberOf(second, "translation"), length) };
}

function after({ scale, translation }: Placement, outer?: Placement): Placement {
  if (outer === undefined) return { scale, translation };
  return {
    scale: zipAxes(scale, outer.scale).map(([step, factor]) => step * factor),
    translation: zipAxes(translation, outer.scale, outer.translation).map(
      ([offset, factor, start]) => offset * factor + start,
    ),
  };
}

/** Reads a path below the image: no stored path leads out of it. */
function readPath(part: Part): string {
  const text = stringOf(part);
  try {
    const path = parsePath(text);
    if (path !== "") return path;
  } catch {
    // reported below
  }
  throw wrong(part, `is ${shown(text)}, not a path below the image`);
}
