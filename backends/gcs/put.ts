// Puts: one request for a body of up to one part, else a resumable upload (upload_session.ts).
import type { Body, PutOptions, PutResult } from "../../core/backend.ts";
import { bodySize, bodyStream, checkBodySize, forEachChunk } from "../../core/bytes/bytes.ts";
import { crc32c } from "../../core/bytes/digest.ts";
import { OBJECT_FIELDS, objectInfo, objectPath, replyJson } from "./api.ts";
import { encodeCrc32c } from "./encode_crc32c.ts";
import type { ApiCall, GcsApi, ObjectResource } from "./api.ts";
import { failure } from "./errors.ts";
import type { HttpReply } from "./exchange.ts";
import { startSession } from "./upload_session.ts";
import type { Part, Upload, UploadSession, Whole } from "./upload_session.ts";

interface WriteOptions {
  /** Bytes of one request of a resumable upload; a multiple of 256 KiB. */
  partBytes: number;
}

const EXISTS: PutResult = { written: false, reason: "exists" };

export async function putObject(
  api: GcsApi,
  key: string,
  { body, partBytes, ...options }: PutOptions & WriteOptions & { body: Body },
): Promise<PutResult> {
  const { signal, size = bodySize(body) } = options;
  signal?.throwIfAborted();
  const upload = describe(api, key, options);
  const known = bodySize(body);
  checkBodySize(known, { size, key, backend: api.place.location });
  if (body instanceof Uint8Array && known! <= partBytes) {
    return await putWhole(api, upload, { pieces: [body], size: known! });
  }
  const sent = await sendStream(api, upload, { stream: bodyStream(body), partBytes, size });
  return "pieces" in sent ? await putWhole(api, upload, sent) : sent;
}

function describe(
  { place }: GcsApi,
  key: string,
  { mode, contentType, metadata, signal }: PutOptions,
): Upload {
  const create = mode === "create";
  return {
    key,
    create,
    query: { ifGenerationMatch: create ? 0 : undefined, fields: OBJECT_FIELDS },
    resource: {
      name: place.nameOf(key),
      contentType: contentType ?? "application/octet-stream",
      metadata,
    },
    signal,
  };
}

/** Sends one request with the resource, its checksum and its bytes. */
async function putWhole(api: GcsApi, upload: Upload, { pieces, size }: Part): Promise<PutResult> {
  const { key, create, query, resource, signal } = upload;
  const checksum = encodeCrc32c(pieces.reduce((sum, piece) => crc32c(piece, sum), 0));
  const boundary = `holdfast-${api.system.id()}`;
  const head = `--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n` +
    `${JSON.stringify({ ...resource, crc32c: checksum })}\r\n` +
    `--${boundary}\r\ncontent-type: ${resource.contentType}\r\n\r\n`;
  const encoder = new TextEncoder();
  const call: ApiCall = {
    action: "put",
    key,
    method: "POST",
    path: `/upload${objectPath(api.place)}`,
    query: { ...query, uploadType: "multipart" },
    headers: { "content-type": `multipart/related; boundary=${boundary}` },
    body: [encoder.encode(head), ...pieces, encoder.encode(`\r\n--${boundary}--\r\n`)],
    answers: create ? [412] : [],
    writes: true,
    once: create,
    signal,
  };
  const reply = await api.call(call);
  return reply.status === 412
    ? EXISTS
    : await writtenObject(api, upload, reply, { size, checksum });
}

/** Ends the reading of a body whose create has lost. */
const LOST = Symbol("lost");

/**
 * Sends a stream, or returns its bytes unsent if they fit into one part. The next part is read
 * while one is sent; at most two are in memory.
 */
async function sendStream(
  api: GcsApi,
  upload: Upload,
  { stream, partBytes, size }: {
    stream: ReadableStream<Uint8Array>;
    partBytes: number;
    size?: number;
  },
): Promise<Part | PutResult> {
  const { key, signal } = upload;
  const expected = { size, key, backend: api.place.location };
  const stop = new AbortController(); // aborted by the caller, or by a part that failed
  const forward = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", forward, { once: true });
  let session: UploadSession | undefined;
  let sending: Promise<unknown> = Promise.resolve();
  let waiting: Part = { pieces: [], size: 0 };
  let received = 0;
  let sum = 0;

  async function send(part: Part): Promise<void> {
    await sending;
    if (session === undefined) {
      const started = await startSession(api, upload, size);
      if (started === "exists") throw LOST;
      session = started;
    }
    sending = session.send(part).then(({ status }) => {
      if (status === 412) throw LOST;
    });
    sending.catch((error) => stop.abort(error));
  }

  try {
    await forEachChunk(stream, async (chunk) => {
      received += chunk.byteLength;
      checkBodySize(received, expected, { isRead: false });
      sum = crc32c(chunk, sum);
      for (let rest = chunk; rest.byteLength > 0;) {
        if (waiting.size === partBytes) { // more follows: the last part must not be empty
          const full = waiting;
          waiting = { pieces: [], size: 0 };
          await send(full);
        }
        const piece = rest.subarray(0, partBytes - waiting.size);
        waiting.pieces.push(piece);
        waiting.size += piece.byteLength;
        rest = rest.subarray(piece.byteLength);
      }
    }, stop.signal);
    checkBodySize(received, expected);
    if (session === undefined) return waiting;
    await sending;
    const whole = { size: received, checksum: encodeCrc32c(sum) };
    const reply = await session.send(waiting, whole);
    if (reply.status === 412) throw LOST;
    return await writtenObject(api, upload, reply, whole);
  } catch (error) {
    stop.abort(error);
    await sending.catch(() => {});
    await session?.cancel();
    if (signal?.aborted) throw signal.reason;
    if (error === LOST) return EXISTS;
    throw error;
  } finally {
    signal?.removeEventListener("abort", forward);
  }
}

/** Compares size and checksum that the store reports, and deletes an object that differs. */
async function writtenObject(
  api: GcsApi,
  { key, signal }: Upload,
  reply: HttpReply,
  { size, checksum }: Whole,
): Promise<PutResult> {
  const call = { action: "put", key, backend: api.place.location };
  const resource = replyJson<ObjectResource>(reply, { ...call, maybeWritten: true });
  if (Number(resource.size) === size && resource.crc32c === checksum) {
    return { written: true, info: objectInfo(api.place, resource) };
  }
  const { generation } = resource;
  await api.call({
    ...call,
    method: "DELETE",
    path: objectPath(api.place, api.place.nameOf(key)),
    query: { generation, ifGenerationMatch: generation },
    answers: [404, 412],
    signal,
  });
  const state = "the store did not receive the bytes that were sent; they were deleted";
  throw failure(state, { ...call, maybeWritten: true }, {
    code: "Unavailable",
    hint: "Try again, and check proxies and memory: something damages data on the way.",
  });
}
