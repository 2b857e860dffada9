// Reads the parts of a file. Adjacent parts of one object are read together.
import type { Backend, StoredObject } from "../../core/backend.ts";
import type { FileRange } from "../../core/bytes/content_chunks.ts";
import { type Advice, corrupt, type RegistryError } from "../../core/errors.ts";
import type { Part, StoredFile } from "../../core/record.ts";

export interface PartRun extends Pick<Part, "offset" | "size"> {
  /** The parts, in order, all of one object. */
  parts: [Part, ...Part[]];
  start: number;
}

/** Joins the adjacent parts of a file. */
export function runsOf(parts: readonly Part[] = []): PartRun[] {
  const runs: PartRun[] = [];
  let start = 0;
  for (const part of parts) {
    const run = runs.at(-1);
    if (run !== undefined && follows(run, part)) {
      run.parts.push(part);
      run.size += part.size;
    } else {
      const { offset, size } = part;
      runs.push({ parts: [part], start, size, ...(offset === undefined ? {} : { offset }) });
    }
    start += part.size;
  }
  return runs;
}

export function endOf({ start, size }: PartRun): number {
  return start + size;
}

function follows({ parts: [first], offset = 0, size }: PartRun, part: Part): boolean {
  return part.object === first.object && part.from === first.from &&
    (part.offset ?? 0) === offset + size;
}

type PlacedPart = FileRange & { part: Part };

/** Returns the parts of a file that have bytes in a range of it, with their places. */
export function partsWithin(
  { parts = [] }: Pick<StoredFile, "parts">,
  { from, to }: FileRange,
): PlacedPart[] {
  const within: PlacedPart[] = [];
  let at = 0;
  for (const part of parts) {
    const end = at + part.size;
    if (end > from && at < to) within.push({ part, from: at, to: end });
    at = end;
  }
  return within;
}

interface PartSpan {
  /** Offset in the part. @default 0 */
  offset?: number;
  /** Bytes. @default up to the end of the part */
  length?: number;
  /** Same as the option of `get`. */
  passing?: boolean;
  /** Makes the error of an object that is too short. @default one that names only the key */
  damaged?(state: string): RegistryError;
  signal?: AbortSignal;
}

/**
 * Gets the requested bytes of a part; undefined if its object does not exist. Throws `Corrupt` if
 * the object is shorter than the record says, before anything is read into memory.
 */
export async function getPart(
  backend: Backend,
  key: string,
  part: Pick<Part, "offset" | "size">,
  { offset: from = 0, length = part.size - from, passing, damaged, signal }: PartSpan = {},
): Promise<StoredObject | undefined> {
  const { offset = 0, size } = part;
  const whole = part.offset === undefined && from === 0 && length === size;
  const range = whole && !passing ? {} : { range: { offset: offset + from, length } };
  const object = await backend.get(key, { ...range, passing, signal });
  if (object === undefined) return undefined;
  const stored = object.info.size;
  if (whole ? stored === size : stored >= offset + size) return object;
  await object.body.cancel().catch(() => {}); // not needed
  if (stored >= offset + size) { // the object is longer than the part: get a range of it
    return await getPart(backend, key, { offset, size }, { passing, damaged, signal });
  }
  const state = cutOff(stored, offset + size);
  throw damaged?.(state) ?? corrupt("read", `"${key}"`, state, {
    ...saveAgain("The stored bytes changed."),
    key,
    backend: backend.location,
  });
}

/** Describes an object that ends before the bytes of a file. */
export function cutOff(size: number, least: number): string {
  return `a stored object is cut off: ${size} bytes, expected at least ${least}`;
}

/** Makes the hint of an error about stored bytes that only a mirror or another save restores. */
export function saveAgain(finding: string): Advice {
  return {
    hint: `${finding} Repair it from a mirror: verifyRegistry(registry, { repairFrom: mirror }), ` +
      'or save the value again with share: "none".',
    reason: { kind: "damaged", finding },
  };
}
