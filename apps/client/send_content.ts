// Sends large content before the save that names it: in one request, or by tus
// (https://tus.io, 1.0.0) in pieces that resume after a broken connection. The service removes
// content that no save uses.
import { concatBytes, iterableStream } from "../../core/bytes/bytes.ts";
import { corrupt, isRegistryError, orMissing } from "../../core/errors.ts";
import { retry, silentLimits } from "../../core/retry.ts";
import { loadPart } from "../../core/urls/load_part.ts";
import type { Call, Connection } from "./connection.ts";
import { isBrowser, piecesOf } from "./content.ts";
import type { LargeContent, SendContentOptions, SentContent } from "./content.ts";
import { createSha256, sha256 } from "../../core/bytes/digest.ts";
import type { UploadNote } from "./uploads/upload_note.ts";

/** The most bytes of one request. They are held in memory for a repeat. */
export const PIECE_BYTES: number = 8 * 1024 * 1024;

const TUS = { "tus-resumable": "1.0.0" };

/** Sends content up to `PIECE_BYTES` in one request, larger content in pieces, a stream as is. */
export async function sendContent(
  connection: Connection,
  content: LargeContent,
  options: SendContentOptions,
): Promise<SentContent> {
  const { size } = content;
  if (size !== undefined && mayGoDirectly(connection, content, options)) {
    const { moved, again } = steady(options.onBytes);
    options = { ...options, onBytes: moved };
    const direct = await loadPart<typeof import("./uploads/direct.ts")>(
      "./uploads/direct.ts",
      import.meta.url,
    ).catch(() => undefined); // in a bundle
    const begin = (pieceBytes: number, earlier?: string) =>
      beginUpload(connection, size, { ...options, pieceBytes, earlier });
    const whole = { ...content, size };
    const sent = await direct?.sendDirect(connection, whole, { ...options, again, begin });
    if (sent !== undefined) return sent;
    again();
  }
  if (size !== undefined && size <= PIECE_BYTES) {
    return await sendWhole(connection, content, options);
  }
  if (size !== undefined) return await sendPieces(connection, { ...content, size }, options);
  if (!isBrowser()) return await sendStream(connection, content, options);
  // Browsers can stream requests to some servers only. They keep large blobs on disk.
  const blob = await new Response(iterableStream(content.chunks())).blob();
  const held = { size: blob.size, stays: true, chunks: () => blobChunks(blob) };
  return await sendPieces(connection, held, options);
}

/** Less takes less time by way of the service. */
const LEAST_DIRECT_BYTES = 1024 * 1024;

function mayGoDirectly(
  { hasDirectUploads }: Connection,
  { size = 0, stays }: LargeContent,
  { throughService = false }: SendContentOptions,
): boolean {
  const isLarge = size >= LEAST_DIRECT_BYTES;
  return hasDirectUploads && stays && isLarge && !throughService && !isBrowser();
}

/** Returns a count of bytes that does not report those twice that are sent again. */
function steady(onBytes?: (bytes: number) => void) {
  let at = 0, most = 0;
  return {
    moved(bytes: number) {
      at += bytes;
      if (at > most) onBytes?.(at - most);
      most = Math.max(at, most);
    },
    again: () => void (at = 0),
  };
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
  const timeoutMs = pieceTimeoutMs(connection, bytes);
  const received = await postContent(connection, { action, body: () => bytes, timeoutMs, signal });
  onBytes?.(bytes.byteLength);
  const sent = { size: bytes.byteLength, sha256: sha256(bytes) };
  return checkReceived(connection, action, { received, sent });
}

/** Sends a stream without retries: its bytes are consumed. */
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
      broken.abort(error); // the error of the request would not name the cause
      throw error;
    }
  }
  const received = await postContent(connection, {
    action,
    body: () => iterableStream(passing()),
    signal: signal === undefined ? broken.signal : AbortSignal.any([signal, broken.signal]),
    once: true,
  }).catch((error) => {
    throw broken.signal.aborted ? broken.signal.reason : error;
  });
  return checkReceived(connection, action, { received, sent: { size, sha256: hash.digest() } });
}

function postContent(
  connection: Connection,
  call: Pick<Call, "action" | "body" | "timeoutMs" | "signal" | "once">,
): Promise<SentContent> {
  const headers = { "content-type": "application/octet-stream" };
  return connection.json({ ...call, path: "contents", method: "POST", headers });
}

function checkReceived(
  connection: Connection,
  action: string,
  { received, sent }: { received: SentContent; sent: Omit<SentContent, "upload"> },
): SentContent {
  if (typeof received?.upload !== "string") {
    throw connection.unexpected({ action }, "it does not name the upload");
  }
  if (received.size === sent.size && received.sha256 === sent.sha256) return received;
  const state = `${connection.location} did not receive the bytes that were sent`;
  const hint =
    "Nothing was saved. Check for a proxy in front of the service that changes request bodies.";
  throw corrupt(action, undefined, state, { hint, backend: connection.location });
}

interface BeginOptions extends SendContentOptions {
  /** Size of the pieces that go to the bucket. @default they go to the service */
  pieceBytes?: number;
  /** An upload to go on with. @default none, as if it were gone */
  earlier?: string;
}

/** Begins an upload of a known size, for pieces. */
async function beginUpload(
  connection: Connection,
  size: number,
  { action, signal, pieceBytes, earlier }: BeginOptions,
): Promise<{ upload: string; offset: number; remove(): Promise<void> }> {
  const target = (upload: string) => ({ action, path: uploadPath(upload) });
  const about = earlier && { ...target(earlier), signal };
  const offset = about ? await orMissing(offsetOf(connection, about)) : undefined;
  const upload = offset === undefined ? await newUpload() : earlier!;
  const remove = () =>
    connection.request({ ...target(upload), method: "DELETE", headers: TUS })
      .then((answer) => answer.body?.cancel()).catch(() => {});
  return { upload, offset: offset ?? 0, remove };

  async function newUpload(): Promise<string> {
    const pieces = pieceBytes && { "upload-metadata": `pieceBytes ${btoa(`${pieceBytes}`)}` };
    const headers = { ...TUS, "upload-length": String(size), ...pieces };
    const asked = { action, path: "uploads", method: "POST", headers, signal } as const;
    const created = await connection.request(asked);
    await created.body?.cancel();
    // Only the id is used: a proxy may have changed the rest, and the token must not go elsewhere.
    const location = (created.headers.get("location") ?? "").replace(/\/+$/, "");
    const upload = location.slice(location.lastIndexOf("/") + 1);
    if (upload === "") throw connection.unexpected({ action }, "it does not name the upload");
    return upload;
  }
}

function uploadPath(upload: string): string {
  return `uploads/${encodeURIComponent(upload)}`;
}

/** Sends what an earlier save of the same file has not sent. */
async function sendPieces(
  connection: Connection,
  content: LargeContent & { size: number },
  options: SendContentOptions,
): Promise<SentContent> {
  const { action, signal, onBytes } = options;
  const chunks = content.chunks(); // fails for content that is only checked, before an upload begins
  const note = await noteOf(connection, content);
  const asked = { ...options, earlier: note?.take() };
  const { upload, offset } = await beginUpload(connection, content.size, asked);
  note?.write(upload);
  const target = { action, path: uploadPath(upload), signal };
  const hash = createSha256();
  let from = 0;
  try {
    for await (const piece of piecesOf(chunks, PIECE_BYTES)) {
      hash.update(piece);
      await sendPiece(connection, target, { piece, from, at: Math.max(from, offset) });
      from += piece.byteLength;
      onBytes?.(piece.byteLength);
    }
  } catch (error) {
    note?.release(upload);
    throw error;
  }
  return { upload, size: content.size, sha256: hash.digest() };
}

async function noteOf(
  connection: Connection,
  content: LargeContent,
): Promise<UploadNote | undefined> {
  if (content.source === undefined || isBrowser()) return undefined;
  const part = await loadPart<typeof import("./uploads/upload_note.ts")>(
    "./uploads/upload_note.ts",
    import.meta.url,
  ).catch(() => undefined); // in a bundle
  return part?.UploadNote.of(connection, content);
}

/** Sends a piece. After a failure, sends the bytes that the service lacks. */
async function sendPiece(
  connection: Connection,
  target: { action: string; path: string; signal?: AbortSignal },
  sending: { piece: Uint8Array<ArrayBuffer>; from: number; at: number },
): Promise<void> {
  const { piece, from } = sending;
  const { system, retryForMs, logger } = connection;
  const end = from + piece.byteLength;
  if (sending.at >= end) return; // an earlier save has sent it
  let first = true;
  await retry(async () => {
    const at = first ? sending.at : await offsetOf(connection, target);
    if (at === end) return;
    if (!(at >= from && at < end)) {
      throw connection.unexpected(target, `it has ${at} bytes of an upload, not ${from}`);
    }
    first = false;
    const headers = {
      ...TUS,
      "upload-offset": String(at),
      "content-type": "application/offset+octet-stream",
    };
    const body = () => piece.subarray(at - from);
    const timeoutMs = pieceTimeoutMs(connection, piece);
    const call = { ...target, method: "PATCH", headers, body, timeoutMs, once: true } as const;
    await (await connection.request(call)).body?.cancel();
  }, {
    system,
    retryForMs,
    signal: target.signal,
    // A conflict is another offset, or an earlier request that the service still processes.
    passes: (error) => isRegistryError(error, "Unavailable", "Conflict"),
    fromFailure: true,
    onRetry: (error) => logger.debug(`${target.action}: resumes: ${(error as Error).message}`),
  });
}

/** `fetch` does not show how much of a piece has left. */
function pieceTimeoutMs({ timeoutMs }: Connection, { byteLength }: Uint8Array): number {
  return timeoutMs * silentLimits(byteLength);
}

async function offsetOf(
  connection: Connection,
  target: { action: string; path: string; signal?: AbortSignal },
): Promise<number> {
  const response = await connection.request({ ...target, method: "HEAD", headers: TUS });
  return Number(response.headers.get("upload-offset") ?? NaN);
}
