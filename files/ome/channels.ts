// Rendering of channels: <https://ngff.openmicroscopy.org/0.5/#omero-md>, the same in 0.4.
import { type DType, ELEMENTS } from "../../formats/arrays/ndarray.ts";
import {
  flagOf,
  given,
  itemsOf,
  memberIn,
  memberOf,
  numberOf,
  optional,
  type Part,
  stringOf,
} from "./document.ts";

/** The rendering of a channel. */
export interface Channel {
  /** Its name: `DAPI`. */
  label?: string;
  /** Its color, red, green and blue, hexadecimal. @default "FFFFFF" when written */
  color?: string;
  /** Shows the channel at first. @default true when written */
  active?: boolean;
  /** The values shown as black and full color, and the least and greatest possible ones. */
  window?: { start: number; end: number; min: number; max: number };
}

/** Returns the `omero` metadata of channels or labels. Floats are shown from 0 to 1 by default. */
export function omeroOf(
  channels: readonly (string | Channel)[],
  dtype: DType,
): Record<string, unknown> {
  const [min, max] = rangeOf(dtype);
  return {
    channels: Array.from(channels, (channel) => ({
      color: "FFFFFF",
      active: true,
      window: { start: min, end: max, min, max },
      ...typeof channel === "string" ? { label: channel } : channel,
    })),
  };
}

function rangeOf(dtype: DType): [number, number] {
  const bits = ELEMENTS[dtype].bytes * 8;
  if (dtype.startsWith("uint")) return [0, 2 ** bits - 1];
  return dtype.startsWith("int") ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 1];
}

export function readChannels(metadata: Part): Channel[] | undefined {
  const omero = memberIn(metadata, "omero");
  return omero === undefined ? undefined : itemsOf(memberOf(omero, "channels")).map(readChannel);
}

function readChannel(item: Part): Channel {
  return given({
    label: optional(item, "label", stringOf),
    color: optional(item, "color", stringOf),
    active: optional(item, "active", flagOf),
    window: optional(item, "window", (part) => {
      const at = (name: string) => numberOf(memberOf(part, name));
      return { start: at("start"), end: at("end"), min: at("min"), max: at("max") };
    }),
  });
}
