// Rendering of channels: <https://ngff.openmicroscopy.org/0.5/#omero-md>, the same in 0.4.
import type { DType } from "../../formats/mod.ts";
import { ELEMENTS } from "../../formats/arrays/ndarray.ts";
import { described, flagOf, given, itemsOf, memberOf, numberOf } from "./document.ts";
import { type Part, stringOf } from "./document.ts";

/** The rendering of a channel. */
export interface Channel {
  /** Its name: `DAPI`. */
  label?: string;
  /** Its color, red, green and blue, hexadecimal. @default "FFFFFF" when written */
  color?: string;
  /** Shows the channel at first. @default true when written */
  active?: boolean;
  /**
   * The values shown as black and full color, and the least and greatest possible ones. @default
   * the range of the element type when written
   */
  window?: { start: number; end: number; min?: number; max?: number };
}

/** Returns the `omero` metadata of channels or labels. Floats are shown from 0 to 1 by default. */
export function omeroOf(
  channels: readonly (string | Channel)[],
  dtype: DType,
): Record<string, unknown> {
  const [min, max] = rangeOf(dtype);
  return {
    channels: Array.from(channels, (channel) => {
      const { window, ...own } = typeof channel === "string" ? { label: channel } : channel;
      return {
        color: "FFFFFF",
        active: true,
        window: { start: min, end: max, min, max, ...window },
        ...own,
      };
    }),
  };
}

function rangeOf(dtype: DType): [number, number] {
  const bits = ELEMENTS[dtype].bytes * 8;
  if (dtype.startsWith("uint")) return [0, 2 ** bits - 1];
  return dtype.startsWith("int") ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 1];
}

/** Returns the rendering of channels, as far as it can be read. */
export function readChannels(metadata: Part): Channel[] | undefined {
  return described(
    metadata,
    "omero",
    (omero) => itemsOf(memberOf(omero, "channels")).map(readChannel),
  );
}

function readChannel(item: Part): Channel {
  return given({
    label: described(item, "label", labelOf),
    color: described(item, "color", stringOf),
    active: described(item, "active", activeOf),
    window: described(item, "window", readWindow),
  });
}

/** Returns a label; programs store wavelengths as numbers. */
function labelOf(part: Part): string {
  return part.isStored && typeof part.value === "number" ? String(part.value) : stringOf(part);
}

function activeOf(part: Part): boolean {
  return part.isStored && (part.value === 0 || part.value === 1) ? part.value === 1 : flagOf(part);
}

/** The limits of the values are often missing, and not needed to draw. */
function readWindow(part: Part): Channel["window"] {
  const bound = (name: string) => numberOf(memberOf(part, name));
  const limit = (name: string) => part.isStored ? described(part, name, numberOf) : bound(name);
  return given({ start: bound("start"), end: bound("end"), min: limit("min"), max: limit("max") });
}
