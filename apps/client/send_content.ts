// Sending large content before the save that names it: at once, or by tus (https://tus.io, 1.0.0)
// in pieces that go on where a connection broke. Without a save it comes to nothing, and the
// service removes it some time.
import { concatBytes, iterableStream } from "../../core/bytes/bytes.ts";
import { fault, isRegistryError } from "../../core/errors.ts";
import { retry } from "../../core/retry.ts";
import type { Connection } from "./connection.ts";
import type { LargeContent } from "./content.ts";
import { createSha256 } from "./sha256.ts";

export interface SentContent {
  upload: string;
  /** Bytes. */
  size: number;
  sha256: string;
}

export interface SendContentOptions {
  action: string;
  signal?: AbortSignal;
  /** Hears how many bytes more were sent. */
  onBytes?: (bytes: number) => void;
}

/** What one request sends. It is held in memory, so that it can be sent again. */
export const PIECE_BYTES: number = 8 * 1024 * 1024;

const TUS = { "tus-resumable": "1.0.0" };
const OCTETS = { "content-type": "application/octet-stream" };

/** Sends content: what fits into one request in one, what is longer in pieces, a stream as it comes. */
export async function sendContent(
  connection: Connection,
  content: LargeContent,
  options: SendContentOptions,
): Promise<SentContent> {
  const { size } = content;
  if (size !== undefined && size <= PIECE_BYTES) {
    return await sendWhole(connection, content, options);
  }
  if (size !== undefined) {
    return await sendPieces(connection, { size, chunks: () => content.chunks() }, options);
  }
  if (canStream()) return await sendStream(connection, content, options);
  const blob = await new Response(iterableStream(content.chunks())).blob(); // browsers keep large ones on their disk
  return await sendPieces(connection, { size: blob.size, chunks: () => blobChunks(blob) }, options);
}

/** Browsers send streams to some servers only. */
function canStream(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node !== undefined; // Deno and Bun say so too
}

async function* blobChunks(blob: Blob): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < blob.size; at += PIECE_BYTES) {
    yield new Uint8Array(await blob.slice(at, at + PIECE_BYTES).arrayBuffer());
  }
}

async function sendWhole(
  connection: Connection,
  content: LargeContent,
  { action, signal, onBytes }: SendContentOptions,
): Promise<SentContent> {
  const bytes = concatBytes(await Array.fromAsync(content.chunks())) as Uint8Array<ArrayBuffer>;
  const hash = createSha256();
  hash.update(bytes);
  const call = {
    action,
    path: "contents",
    method: "POST",
    headers: OCTETS,
    body: () => bytes,
    signal,
  } as const;
  const received = await connection.json<SentContent>(call);
  onBytes?.(bytes.byteLength);
  return checkReceived(connection, action, {
    received,
    sent: { size: bytes.byteLength, sha256: hash.digest() },
  });
}

/** Sent once: what broke off is gone. */
async function sendStream(
  connection: Connection,
  content: LargeContent,
  { action, signal, onBytes }: SendContentOptions,
): Promise<SentContent> {
  const hash = createSha256();
  const broken = new AbortController();
  let size = 0;
  async function* passing(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of content.chunks()) {
        hash.update(chunk);
        size += chunk.byteLength;
        yield chunk;
        onBytes?.(chunk.byteLength);
      }
    } catch (error) {
      broken.abort(error); // a request that fails by its body says only that it failed
      throw error;
    }
  }
  const received = await connection.json<SentContent>({
    action,
    path: "contents",
    method: "POST",
    headers: OCTETS,
    body: () => iterableStream(passing()),
    signal: signal === undefined ? broken.signal : AbortSignal.any([signal, broken.signal]),
    once: true,
  }).catch((error) => {
    throw broken.signal.aborted ? broken.signal.reason : error;
  });
  return checkReceived(connection, action, { received, sent: { size, sha256: hash.digest() } });
}

function checkReceived(
  connection: Connection,
  action: string,
  { received, sent }: { received: SentContent; sent: Omit<SentContent, "upload"> },
): SentContent {
  if (typeof received?.upload !== "string") {
    throw connection.strange({ action }, "it says not what it received");
  }
  if (received.size === sent.size && received.sha256 === sent.sha256) return received;
  throw fault({
    code: "Corrupt",
    action,
    state: `${connection.location} received other bytes than were sent`,
    hint: "Nothing was saved. Something between here and the service alters what passes.",
    backend: connection.location,
  });
}

async function sendPieces(
  connection: Connection,
  { size, chunks }: { size: number; chunks(): AsyncIterable<Uint8Array> },
  { action, signal, onBytes }: SendContentOptions,
): Promise<SentContent> {
  const headers = { ...TUS, "upload-length": String(size) };
  const created = await connection.request({
    action,
    path: "uploads",
    method: "POST",
    headers,
    signal,
  });
  await created.body?.cancel();
  // What stands before the service may have changed the rest of the address, and nobody else is sent the token.
  const upload = (created.headers.get("location") ?? "").replace(/\/+$/, "").split("/").at(-1) ??
    "";
  if (upload === "") {
    throw connection.strange({ action }, "it says not where the upload is");
  }
  const hash = createSha256();
  let from = 0;
  for await (const piece of piecesOf(chunks())) {
    hash.update(piece);
    await sendPiece(connection, { action, path: `uploads/${upload}`, signal }, { piece, from });
    from += piece.byteLength;
    onBytes?.(piece.byteLength);
  }
  return { upload, size, sha256: hash.digest() };
}

/** Sends a piece; where that broke off, the rest of it that the service has not. */
async function sendPiece(
  connection: Connection,
  target: { action: string; path: string; signal?: AbortSignal },
  { piece, from }: { piece: Uint8Array<ArrayBuffer>; from: number },
): Promise<void> {
  const { system, retryForMs, logger } = connection;
  const end = from + piece.byteLength;
  let look = false;
  await retry(async () => {
    const at = look ? await offsetOf(connection, target) : from;
    if (at < from || at > end) {
      throw connection.strange(target, `it has ${at} bytes of an upload, not ${from}`);
    }
    if (at === end) return;
    look = true;
    const headers = {
      ...TUS,
      "upload-offset": String(at),
      "content-type": "application/offset+octet-stream",
    };
    const body = () => piece.subarray(at - from);
    const response = await connection.request({
      ...target,
      method: "PATCH",
      headers,
      body,
      once: true,
    });
    await response.body?.cancel();
  }, {
    system,
    retryForMs,
    signal: target.signal,
    passes: (error) => isRegistryError(error, "Unavailable", "Conflict"), // of another offset, of one still under way
    onRetry: (error) => logger.debug(`${target.action}: sends on: ${(error as Error).message}`),
  });
}

async function offsetOf(
  connection: Connection,
  target: { action: string; path: string; signal?: AbortSignal },
): Promise<number> {
  const response = await connection.request({ ...target, method: "HEAD", headers: TUS });
  return Number(response.headers.get("upload-offset") ?? NaN);
}

async function* piecesOf(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (let chunk of chunks) {
    while (size + chunk.byteLength >= PIECE_BYTES) {
      const rest = PIECE_BYTES - size;
      held.push(chunk.subarray(0, rest));
      yield concatBytes(held) as Uint8Array<ArrayBuffer>;
      chunk = chunk.subarray(rest);
      held = [];
      size = 0;
    }
    if (chunk.byteLength > 0) held.push(chunk);
    size += chunk.byteLength;
  }
  if (size > 0) yield concatBytes(held) as Uint8Array<ArrayBuffer>;
}
