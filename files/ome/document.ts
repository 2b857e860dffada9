// Reading a document of OME-NGFF strictly: each part of it knows its place, for messages.
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { isJsonObject } from "../../core/text/json_text.ts";

export interface Part {
  readonly value: unknown;
  /** Where that is: `plate.rows[3].name`. */
  readonly place: string;
  readonly refuse: (place: string, state: string) => RegistryError;
}

/** The attributes of a group that somebody wrote: what is wrong is `Corrupt`. */
export function readDocument(path: string, attributes: unknown): Part {
  return {
    value: attributes,
    place: "",
    refuse: (place, state) =>
      fault({
        code: "Corrupt",
        action: "read OME-NGFF",
        subject: shown(path),
        state: `${place.slice(0, 200)} ${state}`,
        hint:
          "https://ngff.openmicroscopy.org says what must stand there; write the metadata anew.",
        key: path,
      }),
  };
}

/** Attributes that are to be written: what is wrong is `Invalid`. */
export function newDocument(what: string, attributes: unknown): Part {
  return {
    value: attributes,
    place: "",
    refuse: (place, state) =>
      fault({
        code: "Invalid",
        action: "describe the",
        subject: what,
        state: `${place.slice(0, 200)} ${state}`,
        hint: "https://ngff.openmicroscopy.org says what may stand there.",
      }),
  };
}

export function wrong({ place, refuse }: Part, state: string): RegistryError {
  return refuse(place === "" ? "the document" : place, state);
}

/** A member of an object, or undefined where it has none; a part that is no object is refused. */
export function memberIn(part: Part, name: string): Part | undefined {
  if (!isJsonObject(part.value)) throw wrong(part, "is no object");
  if (!Object.hasOwn(part.value, name)) return undefined;
  return {
    value: part.value[name],
    place: part.place === "" ? name : `${part.place}.${name}`,
    refuse: part.refuse,
  };
}

/** A member that must be there. */
export function memberOf(part: Part, name: string): Part {
  const member = memberIn(part, name);
  if (member !== undefined) return member;
  throw wrong(part, `has no "${name}"`);
}

export function optional<T>(part: Part, name: string, read: (member: Part) => T): T | undefined {
  const member = memberIn(part, name);
  return member === undefined ? undefined : read(member);
}

/** An object without the members that are undefined. */
export function given<T extends object>(members: T): T {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as T;
}

export function itemsOf(part: Part): Part[] {
  const { value, place, refuse } = part;
  if (!Array.isArray(value)) throw wrong(part, "is no list");
  return Array.from(value, (item, i) => ({ value: item, place: `${place}[${i}]`, refuse }));
}

export function textOf(part: Part): string {
  if (typeof part.value !== "string") throw wrong(part, "is no text");
  return part.value;
}

/** A text of letters and digits, as names of rows, columns and fields are: each is a folder. */
export function nameOf(part: Part): string {
  const text = textOf(part);
  if (/^[A-Za-z0-9]{1,200}$/.test(text)) return text;
  throw wrong(part, `is ${shown(text)}: it must be letters and digits`);
}

/** A finite number; documents of zarr have whole ones above 2^53 as bigints. */
export function numberOf(part: Part): number {
  const number = typeof part.value === "bigint" ? Number(part.value) : part.value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw wrong(part, "is no number");
  return number;
}

export function wholeOf(part: Part, from: number): number {
  const number = numberOf(part);
  if (!Number.isSafeInteger(number) || number < from) {
    throw wrong(part, `is ${number}: no whole number from ${from}`);
  }
  return number;
}

/** True or false. */
export function flagOf(part: Part): boolean {
  if (typeof part.value !== "boolean") throw wrong(part, "is neither true nor false");
  return part.value;
}

export function numbersOf(part: Part, length: number): number[] {
  const items = itemsOf(part);
  if (items.length !== length) throw wrong(part, `has ${items.length} numbers for ${length} axes`);
  return items.map(numberOf);
}

export function checkDistinct(part: Part, keys: readonly (string | number)[]): void {
  const seen = new Set<string | number>();
  for (const key of keys) {
    if (seen.has(key)) throw wrong(part, `has ${shown(key)} twice`);
    seen.add(key);
  }
}
