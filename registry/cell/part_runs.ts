// Asking for the parts of a file. Those that lie behind each other in one object are read as one, and
// each is checked as it passes.
import type { Backend, StoredObject } from "../../core/backend.ts";
import { createSha256, type Sha256 } from "../../core/bytes/digest.ts";
import { fault } from "../../core/errors.ts";
import { saveAgain } from "../format/record_codec.ts";
import type { Part } from "../../core/record.ts";

export interface PartRun extends Pick<Part, "offset" | "size"> {
  /** The parts, in order: the first says which object it is. */
  parts: Part[];
  start: number;
}

/** The parts of a file, put together as far as they are adjacent. */
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

function follows({ parts: [first], offset = 0, size }: PartRun, part: Part): boolean {
  return part.object === first.object && part.from === first.from &&
    (part.offset ?? 0) === offset + size;
}

export interface PlacedPart {
  part: Part;
  from: number;
  to: number;
}

/** Parts of a run with their places, from those that have bytes in `[from, to)`. */
export function partsWithin({ parts }: PartRun, from: number, to: number): PlacedPart[] {
  const within: PlacedPart[] = [];
  let at = 0;
  for (const part of parts) {
    const end = at + part.size;
    if (end > from && at < to) within.push({ part, from: at, to: end });
    at = end;
  }
  return within;
}

/** A piece joins parts up to so many bytes. */
const PIECE_BYTES = 8 * 1024 * 1024;

/**
 * A file as ranges of whole parts, each of which is read at once and verified by itself; empty where a part has no
 * digest that is to be checked.
 */
export function piecesOf(
  parts: readonly Part[],
  verified: boolean,
): { offset: number; length: number }[] {
  if (verified && parts.some(({ sha256 }) => sha256 === undefined)) return [];
  return runsOf(parts).flatMap((run) => {
    const pieces: { offset: number; length: number }[] = [];
    let offset = run.start;
    for (const { size } of run.parts) {
      const last = pieces.at(-1);
      if (last !== undefined && last.length + size <= PIECE_BYTES) last.length += size;
      else pieces.push({ offset, length: size });
      offset += size;
    }
    return pieces;
  });
}

export interface PartsToCheck {
  /** In order, one behind the other. What is not in them passes unchecked. */
  parts: readonly (PlacedPart & { digest: string })[];
  from: number;
  /** Called for a part that is not as its digest says. Throws. */
  fail(part: Part): never;
}

/** Looks at bytes of a run as they pass, in order: each part is checked when its last byte comes. */
export function createPartCheck({ parts, from, fail }: PartsToCheck): (chunk: Uint8Array) => void {
  let at = from, next = 0;
  let hash: Sha256 | undefined;
  return (chunk) => {
    const start = at;
    at += chunk.byteLength;
    for (; next < parts.length && parts[next].from < at; next++) {
      const part = parts[next];
      hash ??= createSha256();
      hash.update(chunk.subarray(Math.max(part.from - start, 0), Math.min(part.to, at) - start));
      if (part.to > at) return;
      if (hash.digest() !== part.digest) fail(part.part);
      hash = undefined;
    }
  };
}

interface PartSpan {
  /** The first. @default 0 */
  offset?: number;
  /** How many. @default all that follow */
  length?: number;
  signal?: AbortSignal;
}

/**
 * The object that holds a part, with the bytes of it that are asked for; undefined where it is not there. A record that says more
 * than the store has is damaged: that is found before anything is read into memory.
 */
export async function getPart(
  backend: Backend,
  key: string,
  part: Pick<Part, "offset" | "size">,
  { offset: from = 0, length = part.size - from, signal }: PartSpan = {},
): Promise<StoredObject | undefined> {
  const { offset = 0, size } = part;
  const whole = part.offset === undefined && from === 0 && length === size;
  const range = whole ? {} : { range: { offset: offset + from, length } };
  const object = await backend.get(key, { ...range, signal });
  if (object === undefined) return undefined;
  const stored = object.info.size;
  if (whole ? stored === size : stored >= offset + size) return object;
  await object.body.cancel().catch(() => {}); // nothing of it was wanted
  if (stored >= offset + size) return await getPart(backend, key, { offset, size }, { signal }); // more is stored there
  throw fault({
    code: "Corrupt",
    action: "read",
    subject: `"${key}"`,
    state: `it has ${stored} bytes, a record says that there are ${offset + size}`,
    ...saveAgain("The stored bytes changed.", "them"),
    key,
    backend: backend.location,
  });
}
