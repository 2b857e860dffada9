// Resumable uploads of the strict fake.
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { GcsFailure } from "./gcs_failure.ts";
import type { Conditions, NewObject, ObjectStore, StoredGeneration } from "./object_store.ts";

export interface Session {
  object: Omit<NewObject, "bytes">;
  conditions: Conditions;
  size?: number;
  pieces: Uint8Array[];
  received: number;
  done?: StoredGeneration;
}

/** The response of the session: the object, or the number of received bytes. */
export type SessionState = { object: StoredGeneration } | { received: number };

const UNIT = 256 * 1024;

/**
 * Takes a part, or says how far the session is where there is none: `keepBytes` is how many of
 * the bytes it keeps.
 */
export function sendToSession(
  store: ObjectStore,
  session: Session,
  part: { contentRange: string; body: Uint8Array; hash?: string; keepBytes?: number },
): SessionState {
  const { contentRange, hash, body } = part;
  const match = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(contentRange);
  if (match === null) {
    throw new GcsFailure(400, "badRequest", `Failed to parse Content-Range ${contentRange}`);
  }
  if (session.done !== undefined) return { object: session.done };
  const total = match[3] === "*" ? undefined : Number(match[3]);
  if (total !== undefined && session.size !== undefined && total !== session.size) {
    throw new GcsFailure(400, "badRequest", "The total differs from X-Upload-Content-Length");
  }
  if (match[1] !== undefined) {
    const [first, last] = [Number(match[1]), Number(match[2])];
    if (last - first + 1 !== body.byteLength) {
      throw new GcsFailure(400, "badRequest", "The body has another length");
    }
    if (first !== session.received) {
      throw new GcsFailure(400, "badRequest", `Byte ${session.received} is next`);
    }
    if (total === undefined && body.byteLength % UNIT !== 0) {
      throw new GcsFailure(400, "badRequest", `A part must be a multiple of ${UNIT} bytes`);
    }
    const kept = body.subarray(0, part.keepBytes);
    session.pieces.push(kept);
    session.received += kept.byteLength;
  } else if (body.byteLength > 0) {
    throw new GcsFailure(400, "badRequest", "A question has no body");
  }
  if (session.received !== total) return { received: session.received };
  const sums = { ...sumsIn(hash) };
  session.done = store.insert(
    { ...session.object, ...sums, bytes: concatBytes(session.pieces) },
    session.conditions,
  );
  session.pieces = [];
  return { object: session.done };
}

/** `x-goog-hash: crc32c=…,md5=…` */
export function sumsIn(hash: string | undefined): Pick<NewObject, "crc32c" | "md5Hash"> {
  const [, crc32c] = /crc32c=([^,\s]+)/.exec(hash ?? "") ?? [];
  const [, md5Hash] = /md5=([^,\s]+)/.exec(hash ?? "") ?? [];
  return {
    ...(crc32c === undefined ? {} : { crc32c }),
    ...(md5Hash === undefined ? {} : { md5Hash }),
  };
}
