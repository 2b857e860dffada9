// Reads documents of OME-NGFF strictly, except what only describes: see `described`. Each part knows
// its location, for messages.
import { corrupt, invalid, isRegistryError, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { isJsonObject } from "../../core/text/json_text.ts";

export interface Part {
  readonly value: unknown;
  /** The location in the document: `plate.rows[3].name`. */
  readonly place: string;
  readonly refuse: (place: string, state: string) => RegistryError;
  /** True if it was stored, perhaps by another program. */
  readonly isStored: boolean;
}

/** Returns the stored attributes of a group. Errors in them are `Corrupt`. */
export function readDocument(path: string, attributes: unknown): Part {
  const refuse: Part["refuse"] = (place, state) =>
    corrupt("read OME-NGFF", shown(path), `${place.slice(0, 200)} ${state}`, {
      hint: "Write the metadata again as https://ngff.openmicroscopy.org specifies.",
      key: path,
    });
  return { value: attributes, place: "", refuse, isStored: true };
}

/** Returns attributes to write. Errors in them are `Invalid`. */
export function newDocument(subject: string, attributes: unknown): Part {
  const refuse: Part["refuse"] = (place, state) =>
    invalid("describe the", subject, `${place.slice(0, 200)} ${state}`, {
      hint: "Pass metadata that https://ngff.openmicroscopy.org allows.",
    });
  return { value: attributes, place: "", refuse, isStored: false };
}

export function wrong({ place, refuse }: Part, state: string): RegistryError {
  return refuse(place === "" ? "the document" : place, state);
}

/** Returns a member of an object, if it exists. Rejects parts that are not objects. */
export function memberIn(part: Part, name: string): Part | undefined {
  if (!isJsonObject(part.value)) throw wrong(part, "is not an object");
  if (!Object.hasOwn(part.value, name)) return undefined;
  const place = part.place === "" ? name : `${part.place}.${name}`;
  return { ...part, value: part.value[name], place };
}

export function memberOf(part: Part, name: string): Part {
  const member = memberIn(part, name);
  if (member !== undefined) return member;
  throw wrong(part, `has no "${name}"`);
}

export function optional<T>(part: Part, name: string, read: (member: Part) => T): T | undefined {
  const member = memberIn(part, name);
  return member === undefined ? undefined : read(member);
}

/**
 * Returns an optional member that no pixel depends on, such as a name. A stored one that cannot be
 * read is left out; one to write is refused.
 */
export function described<T>(part: Part, name: string, read: (member: Part) => T): T | undefined {
  try {
    return optional(part, name, read);
  } catch (error) {
    if (part.isStored && isRegistryError(error, "Corrupt")) return undefined;
    throw error;
  }
}

export function given<T extends object>(members: T): T {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as T;
}

export function itemsOf(part: Part): Part[] {
  const { value, place } = part;
  if (!Array.isArray(value)) throw wrong(part, "is not a list");
  return Array.from(value, (item, i) => ({ ...part, value: item, place: `${place}[${i}]` }));
}

export function stringOf(part: Part): string {
  if (typeof part.value !== "string") throw wrong(part, "is not a string");
  return part.value;
}

/** Returns the name of a row, column or field, which is also the name of a folder. */
export function nameOf(part: Part): string {
  const text = stringOf(part);
  if (/^[A-Za-z0-9]{1,200}$/.test(text)) return text;
  throw wrong(part, `is ${shown(text)}, not letters and digits`);
}

/** Returns a finite number. Documents of zarr have integers above 2^53 as bigints. */
export function numberOf(part: Part): number {
  const number = typeof part.value === "bigint" ? Number(part.value) : part.value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw wrong(part, "is not a number");
  return number;
}

export function wholeOf(part: Part, from: number): number {
  const number = numberOf(part);
  if (!Number.isSafeInteger(number) || number < from) {
    throw wrong(part, `is ${number}, not an integer of at least ${from}`);
  }
  return number;
}

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
  const earlierKeys = new Set<string | number>();
  for (const key of keys) {
    if (earlierKeys.has(key)) throw wrong(part, `has ${shown(key)} twice`);
    earlierKeys.add(key);
  }
}
