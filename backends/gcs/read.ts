// Head and get. The first request of a get brings the first part, and for most objects all; a
// larger object is read on in parts, several at once, of the very generation that was found first.
// Every reply is read to its end at once, so that an object which nobody reads holds no connection.
import type { CallOptions, GetOptions, ObjectInfo, StoredObject } from "../../core/backend.ts";
import {
  clipRange,
  concatBytes,
  iterableStream,
  storedBytes,
  storedObject,
} from "../../core/bytes/bytes.ts";
import type { RegistryError } from "../../core/errors.ts";
import { joined, partsInOrder, type Span } from "../bucket/parts_in_order.ts";
import { OBJECT_FIELDS, objectInfo, objectPath, replyJson } from "./api.ts";
import type { GcsApi, ObjectResource } from "./api.ts";
import { failure } from "./errors.ts";
import type { HttpReply } from "./exchange.ts";

/** How large objects are read. */
export interface ReadOptions {
  partBytes: number;
  /** Parts on their way at once. */
  parallel: number;
}

/** What the store says of an object, or undefined where there is none. */
export async function headObject(
  { api, key, generation }: { api: GcsApi; key: string; generation?: string },
  { signal }: CallOptions,
): Promise<ObjectInfo | undefined> {
  const { place } = api;
  const reply = await api.call({
    action: "look up",
    key,
    method: "GET",
    path: objectPath(place, place.nameOf(key)),
    query: { fields: OBJECT_FIELDS, generation },
    answers: [404],
    repeatable: true,
    signal,
  });
  if (reply.status === 404) return undefined;
  return objectInfo(
    place,
    replyJson<ObjectResource>(reply, { action: "look up", key, backend: place.location }),
  );
}

/** The object, or undefined where there is none. */
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
  if (reply.headers["x-goog-stored-content-encoding"] === "gzip") throw encoded({ api, key });
  const info = infoOf(api, key, reply) ??
    await headObject({ api, key, generation: reply.headers["x-goog-generation"] }, { signal });
  if (info === undefined) {
    return reply.status === 416 ? undefined : await getObject(api, key, options); // gone meanwhile
  }
  if (reply.status === 416) {
    if (info.size <= start) return storedBytes(info, new Uint8Array());
    if (again) throw brokenRange({ api, key }, info, start, end);
    return await getObject(api, key, options, true); // it was replaced in between
  }
  const clipped = clipRange(range, info);
  const firstEnd = Math.min(clipped.end, start + partBytes);
  if (sizeOf(reply) !== firstEnd - start || reply.status !== 206 && start > 0) {
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

/** What a reply may have beyond the bytes asked for: the text of an error. */
const MAX_ERROR_BYTES = 65_536;

/** Bytes `[start, end)`, clipped by the store; 404 and 416 are answers. */
async function readSpan(
  source: Source,
  start: number,
  end: number,
  generation?: string,
): Promise<HttpReply> {
  const { api, key, signal } = source;
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

/** What the head of a download says; undefined where it does not say all. */
function infoOf({ place }: GcsApi, key: string, reply: HttpReply): ObjectInfo | undefined {
  const generation = reply.headers["x-goog-generation"];
  const updated = reply.headers["last-modified"];
  const size = /\/(\d+)$/.exec(reply.headers["content-range"] ?? "")?.[1] ??
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

/** All bytes `[start, end)` of this generation. */
async function readPart(
  source: Source,
  info: ObjectInfo,
  { start, end }: Span,
): Promise<Uint8Array[]> {
  const { key } = info;
  const call = { action: "read", key, backend: source.api.place.location };
  const reply = await readSpan(source, start, end, info.etag);
  if (reply.status === 404) {
    throw failure("it was replaced or removed since it was looked up", call, {
      code: "Conflict",
      hint: "Get it again.",
    });
  }
  if (reply.status === 206 && sizeOf(reply) === end - start) return reply.chunks;
  throw brokenRange(source, info, start, end);
}

/** `fetch` expands such bodies, and so does the store where nobody says that they are welcome. */
function encoded({ api, key }: Source): RegistryError {
  return failure("it is stored with Content-Encoding: gzip", {
    action: "read",
    key,
    backend: api.place.location,
  }, {
    code: "Unsupported",
    hint: "Store it without that header; a registry compresses by itself where asked.",
  });
}

function sizeOf({ chunks }: HttpReply): number {
  return chunks.reduce((size, chunk) => size + chunk.byteLength, 0);
}

function brokenRange(
  { api, key }: Source,
  info: ObjectInfo,
  start: number,
  end: number,
): RegistryError {
  return failure(`of its ${info.size} bytes those from ${start} to ${end} did not come`, {
    action: "read",
    key,
    backend: api.place.location,
  }, {
    code: "Corrupt",
    hint:
      "Something between the store and this program does not honour ranges; check the endpoint and proxies.",
  });
}
