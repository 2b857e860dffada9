// Axes of images: <https://ngff.openmicroscopy.org/0.5/#axes-md>, the same in 0.4.
import { checkDistinct, described, given, itemsOf, memberOf, optional, wrong } from "./document.ts";
import { type Part, stringOf } from "./document.ts";

/** A dimension of an image. */
export interface Axis {
  /** A unique name: `x`. */
  name: string;
  /** `space`, `time`, `channel`, or your own word. */
  type?: string;
  /** The unit of its scale: `micrometer`, `second`. */
  unit?: string;
}

/** The axes of an image in the order of its dimensions: `tczyx` for the common ones, or in full. */
export type Axes = string | readonly (string | Axis)[];

const KNOWN: Readonly<Record<string, string>> = {
  t: "time",
  c: "channel",
  z: "space",
  y: "space",
  x: "space",
};
const ORDER = ["time", "channel", "space"];

/** Expands axes for a document, which is checked when it is read. */
export function listAxes(axes: Axes): Axis[] {
  return Array.from(axes as Iterable<string | Axis>, (axis) => {
    if (typeof axis !== "string") return { ...axis };
    return Object.hasOwn(KNOWN, axis) ? { name: axis, type: KNOWN[axis] } : { name: axis };
  });
}

/**
 * Reads two to five axes of different names: two or three of space, at most one of time, and at
 * most one of channels or another type. Time comes first, space last.
 */
export function readAxes(part: Part): Axis[] {
  const items = itemsOf(part);
  if (items.length < 2 || items.length > 5) {
    throw wrong(part, `has ${items.length} axes, not 2 to 5`);
  }
  const axes = items.map(readAxis);
  checkDistinct(part, axes.map(({ name }) => name));
  const ranks = axes.map(({ type }) =>
    ORDER.indexOf(type !== undefined && ORDER.includes(type) ? type : "channel")
  );
  const [times = 0, channels = 0, spaces = 0] = ORDER.map((_, rank) =>
    ranks.filter((other) => other === rank).length
  );
  if (spaces < 2 || spaces > 3) throw wrong(part, `has ${spaces} axes of space, not 2 or 3`);
  if (times > 1) throw wrong(part, `has ${times} axes of time`);
  if (channels > 1) throw wrong(part, `has ${channels} axes of neither time nor space`);
  if (ranks.some((rank, i) => rank < (ranks[i - 1] ?? 0))) {
    throw wrong(part, "is not in the order of time, channel, space");
  }
  return axes;
}

function readAxis(item: Part): Axis {
  const name = stringOf(memberOf(item, "name"));
  if (name === "") throw wrong(memberOf(item, "name"), "is empty");
  const word = (part: Part) => part.value === null ? undefined : stringOf(part);
  return given({ name, type: optional(item, "type", word), unit: described(item, "unit", word) });
}
