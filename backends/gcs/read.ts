// Head and get. The first request of a get reads the first part, most objects completely. Further
// parts are read several at once, always of the same generation. Each reply is read completely at
// once, so that an unread object holds no connection.
import type { CallOptions, GetOptions, ObjectInfo, StoredObject } from "../../core/backend.ts";
import {
  clipRange,
  concatBytes,
  iterableStream,
  storedBytes,
  storedObject,
} from "../../core/bytes/bytes.ts";
import type { ErrorCode, RegistryError } from "../../core/errors.ts";
import { joined, parseContentRange, partsInOrder, type Span } from "../bucket/parts_in_order.ts";
import { OBJECT_FIELDS, objectInfo, objectPath, replyJson } from "./api.ts";
import type { GcsApi, ObjectResource } from "./api.ts";
import { failure } from "./errors.ts";
import type { HttpReply } from "./exchange.ts";

interface ReadOptions {
  partBytes: number;
  /** Concurrent parts. */
  parallel: number;
}

export async function headObject(
  { api, key, generation }: { api: GcsApi; key: string; generation?: string },
  { signal }: CallOptions,
): Promise<ObjectInfo | undefined> {
  const { place } = api;
  const call = { action: "look up", key, backend: place.location };
  const reply = await api.call({
    ...call,
    method: "GET",
    path: objectPath(place, place.nameOf(key)),
    query: { fields: OBJECT_FIELDS, generation },
    answers: [404],
    repeatable: true,
    signal,
  });
  if (reply.status === 404) return undefined;
  return objectInfo(place, replyJson<ObjectResource>(reply, call));
}

export async function getObject(
  api: GcsApi,
  key: string,
  options: GetOptions & ReadOptions,
  again = false,
): Promise<StoredObject | undefined> {
  const { range, partBytes, signal } = options;
  const { start, end } = clipRange(range, { key, size: Number.MAX_SAFE_INTEGER, modifiedAt: 0 });
  if (start === end) {
    const info = await headObject({ api, key }, { signal });
    return info === undefined ? undefined : storedBytes(info, new Uint8Array());
  }
  const reply = await readSpan({ api, key, signal }, start, Math.min(end, start + partBytes));
  if (reply.status === 404) return undefined;
  if (reply.headers["x-goog-stored-content-encoding"] === "gzip") throw encodedError({ api, key });
  const info = infoOf(api, key, reply) ??
    await headObject({ api, key, generation: reply.headers["x-goog-generation"] }, { signal });
  if (info === undefined) {
    // Deleted meanwhile.
    return reply.status === 416 ? undefined : await getObject(api, key, options);
  }
  if (reply.status === 416) {
    if (info.size <= start) return storedBytes(info, new Uint8Array());
    if (again) throw brokenRange({ api, key }, info, start, end);
    return await getObject(api, key, options, true); // replaced in between
  }
  const clipped = clipRange(range, info);
  const firstEnd = Math.min(clipped.end, start + partBytes);
  if (sizeOf(reply) !== firstEnd - start || startOf(reply) !== start) {
    throw brokenRange({ api, key }, info, start, firstEnd);
  }
  return foundObject(
    { api, key, signal },
    { info, first: reply.chunks, firstEnd, ...clipped },
    options,
  );
}

interface Source {
  api: GcsApi;
  key: string;
  signal?: AbortSignal;
}

/** Room for an error message beside the requested bytes. */
const MAX_ERROR_BYTES = 65_536;

/** Reads bytes `[start, end)`, clipped by the store; does not throw for 404 and 416. */
async function readSpan(
  { api, key, signal }: Source,
  start: number,
  end: number,
  generation?: string,
): Promise<HttpReply> {
  return await api.call({
    action: "read",
    key,
    method: "GET",
    path: objectPath(api.place, api.place.nameOf(key)),
    query: { alt: "media", generation },
    headers: { range: `bytes=${start}-${end - 1}`, "cache-control": "no-store" },
    answers: [404, 416],
    repeatable: true,
    maxBytes: end - start + MAX_ERROR_BYTES,
    signal,
  });
}

/** Returns the info in the headers of a download; undefined if they are incomplete. */
function infoOf({ place }: GcsApi, key: string, reply: HttpReply): ObjectInfo | undefined {
  const generation = reply.headers["x-goog-generation"];
  const updated = reply.headers["last-modified"];
  const size = parseContentRange(reply.headers["content-range"])?.size.toString() ??
    (reply.status === 200 ? reply.headers["x-goog-stored-content-length"] : undefined);
  if (generation === undefined || updated === undefined || size === undefined) return undefined;
  return objectInfo(place, { name: place.nameOf(key), size, generation, updated });
}

interface Found {
  info: ObjectInfo;
  first: Uint8Array[];
  firstEnd: number;
  start: number;
  end: number;
}

function foundObject(
  source: Source,
  found: Found,
  { partBytes, parallel }: ReadOptions,
): StoredObject {
  const { info, first, firstEnd, start, end } = found;
  if (firstEnd === end) return storedBytes(info, concatBytes(first));

  const chunks = () =>
    partsInOrder({
      first: Promise.resolve(first),
      rest: { start: firstEnd, end },
      partBytes,
      atOnce: parallel,
      ahead: true,
      read: (span, signal) => readPart({ ...source, signal }, info, span),
      signal: source.signal,
    });
  return storedObject(info, {
    body: () => iterableStream(chunks()),
    bytes: () => joined(end - start, chunks()),
  });
}

async function readPart(
  source: Source,
  info: ObjectInfo,
  { start, end }: Span,
): Promise<Uint8Array[]> {
  const reply = await readSpan(source, start, end, info.etag);
  if (reply.status === 404) {
    throw readError(source, "it was replaced or deleted during the request", {
      code: "Conflict",
      hint: "Read it again.",
    });
  }
  if (startOf(reply) === start && sizeOf(reply) === end - start) return reply.chunks;
  throw brokenRange(source, info, start, end);
}

function startOf({ status, headers }: HttpReply): number | undefined {
  return status === 206 ? parseContentRange(headers["content-range"])?.start : 0;
}

function readError(
  { api, key }: Source,
  state: string,
  fields: { code: ErrorCode; hint: string },
): RegistryError {
  return failure(state, { action: "read", key, backend: api.place.location }, fields);
}

/** `fetch`, and without an Accept-Encoding also the store, decompress such bodies. */
function encodedError(source: Source): RegistryError {
  return readError(source, "it is stored with Content-Encoding: gzip", {
    code: "Unsupported",
    hint: "Store it without that header; use the compression of the registry.",
  });
}

function sizeOf({ chunks }: HttpReply): number {
  return chunks.reduce((size, chunk) => size + chunk.byteLength, 0);
}

function brokenRange(source: Source, { size }: ObjectInfo, start: number, end: number) {
  return readError(source, `bytes ${start} to ${end} of ${size} are missing in the reply`, {
    code: "Corrupt",
    hint: "Check the endpoint and proxies: something does not honor ranges.",
  });
}
