// Which payload objects are needed, and until when. Objects of a folder are written as text, such
// as `<order>/<commit>/0-3,7`.
import type { Kept } from "./known.ts";

const TEXT = /^([^/]+\/[^/]+)\/(\d{1,16}(?:-\d{1,16})?(?:,\d{1,16}(?:-\d{1,16})?)*)$/;

type Range = [first: number, last: number];

/** Encodes objects, one text for each folder. */
export function encodeObjects(objects: Kept["objects"]): string[] {
  const numbers = new Map<string, number[]>();
  for (const [place, object] of objects) {
    if (!numbers.get(place)?.push(object)) numbers.set(place, [object]);
  }
  return Array.from(numbers, ([place, all]) => {
    const ranges: Range[] = [];
    for (const object of all.sort((a, b) => a - b)) {
      const last = ranges.at(-1);
      if (last !== undefined && last[1] === object - 1) last[1] = object;
      else ranges.push([object, object]);
    }
    const texts = ranges.map(([first, last]) => first === last ? first : `${first}-${last}`);
    return `${place}/${texts.join()}`;
  });
}

/** Encodes all objects of a folder, known or not. */
export function encodeFolder(place: string): string {
  return `${place}/0-${Number.MAX_SAFE_INTEGER}`;
}

/** Until when an object is needed that a record or draft of before referred to: not any more. */
export const RELEASED = 0;

export function isObjectsText(text: unknown): text is string {
  return typeof text === "string" && TEXT.test(text);
}

export class ReferredObjects {
  /** Until when by text, by folder: many versions have the same text. */
  readonly #folders = new Map<string, Map<string, number>>();

  /**
   * Adds objects that are needed until `until`, milliseconds of the store's clock, `RELEASED` or
   * Infinity.
   */
  add(text: string, until: number): void {
    const [, place = "", objects = ""] = TEXT.exec(text) ?? [];
    const known = this.#folders.get(place) ?? new Map<string, number>();
    this.#folders.set(place, known);
    known.set(objects, Math.max(known.get(objects) ?? 0, until));
  }

  /** Returns a function that returns until when an object of a folder is needed, if it was added. */
  of(place: string): (object: number) => number | undefined {
    const known = Array.from(this.#folders.get(place) ?? [], ([text, until]) => {
      const ranges = text.split(",").map((range) => range.split("-").map(Number));
      return { ranges, until };
    });
    return (object) => {
      const matching = known.filter(({ ranges }) =>
        ranges.some(([first = 0, last = first]) => object >= first && object <= last)
      );
      return matching.length === 0 ? undefined : Math.max(...matching.map(({ until }) => until));
    };
  }
}
