// The axes of an image: <https://ngff.openmicroscopy.org/0.5/#axes-md>, the same in 0.4.
import { checkDistinct, given, itemsOf, memberOf, optional, textOf, wrong } from "./document.ts";
import type { Part } from "./document.ts";

/** A dimension of an image. */
export interface Axis {
  /** Its name, which no other has: `x`. */
  name: string;
  /** `space`, `time`, `channel`, or a word of one's own; absent where nothing is said. */
  type?: string;
  /** What its scale counts: `micrometer`, `second`. */
  unit?: string;
}

/** The axes of images, in the order of the dimensions: `tczyx` for those that most programs have, or in full. */
export type Axes = string | readonly (string | Axis)[];

const KNOWN: Readonly<Record<string, string>> = {
  t: "time",
  c: "channel",
  z: "space",
  y: "space",
  x: "space",
};
/** In which order types come. */
const ORDER = ["time", "channel", "space"];

/** Axes in full, as a list for a document; what is wrong with them is found when that is read. */
export function listAxes(axes: Axes): Axis[] {
  return Array.from(axes as Iterable<string | Axis>, (axis) => {
    if (typeof axis !== "string") return { ...axis };
    return Object.hasOwn(KNOWN, axis) ? { name: axis, type: KNOWN[axis] } : { name: axis };
  });
}

/**
 * Reads axes: two to five of different names, of which two or three are of space, at most one is of time and at most
 * one is of channels or of another type; time comes first, and space last.
 */
export function readAxes(part: Part): Axis[] {
  const items = itemsOf(part);
  if (items.length < 2 || items.length > 5) {
    throw wrong(part, `has ${items.length} axes: there are 2 to 5`);
  }
  const axes = items.map(readAxis);
  checkDistinct(part, axes.map(({ name }) => name));
  const ranks = axes.map(({ type }) =>
    ORDER.indexOf(type !== undefined && ORDER.includes(type) ? type : "channel")
  );
  const [times, channels, spaces] = ORDER.map((_, rank) =>
    ranks.filter((other) => other === rank).length
  );
  if (spaces < 2 || spaces > 3) throw wrong(part, `has ${spaces} axes of space: there are 2 or 3`);
  if (times > 1) throw wrong(part, `has ${times} axes of time`);
  if (channels > 1) throw wrong(part, `has ${channels} axes that are neither of time nor of space`);
  if (ranks.some((rank, i) => rank < ranks[i - 1])) {
    throw wrong(part, "is not in the order of time, channel, space");
  }
  return axes;
}

function readAxis(item: Part): Axis {
  const name = textOf(memberOf(item, "name"));
  if (name === "") throw wrong(memberOf(item, "name"), "is empty");
  const word = (part: Part) => part.value === null ? undefined : textOf(part);
  return given({ name, type: optional(item, "type", word), unit: optional(item, "unit", word) });
}
