// Sends content to the bucket of a service, by URLs that take these bytes and no others: whole, or
// in pieces what one request cannot have. The runtimes' `fetch` cannot stream a body of a known
// length, which the bucket requires.
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createSha256, digestOfChunks, sha256 as digestOf } from "../../../core/bytes/digest.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { silentLimits } from "../../../core/retry.ts";
import type { DirectUpload, DirectUploadOptions } from "../../../core/registry/transfer.ts";
import { PRESIGN_UPLOAD } from "../../../core/registry/transfer.ts";
import { realSystem } from "../../../core/system.ts";
import { proxyVariables } from "../../../core/urls/proxies.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import type { Connection } from "../connection.ts";
import { piecesOf } from "../content.ts";
import type { LargeContent, SendContentOptions, SentContent } from "../content.ts";
import { requestOf } from "../operations.ts";
import { BUCKET_MS, hasFailed, mayFollow, noteFailure } from "../presign_download.ts";
import { UploadNote } from "./upload_note.ts";
import type { OnWire } from "../wire.ts";

/** Each attempt has another URL. What an earlier one left is garbage collected. */
const ATTEMPTS = 2, ATTEMPTS_OF_PIECES = 5;
const BETWEEN_MS = 250;

/** Requests that send content: their sizes, bytes, and how many pieces go at once. */
export const REQUESTS = {
  /** More goes in pieces: S3 takes at most 5 GiB at once. */
  whole: 5 * 2 ** 30,
  /** A piece is in memory until it is stored. */
  piece: 32 * 2 ** 20,
  piecesAtOnce: 4,
};
/** More make larger pieces. */
const MOST_PIECES = 10_000;

interface SendDirectOptions extends SendContentOptions {
  /** Called before each attempt, whose bytes are reported from the first one on. */
  again(): void;
  /** Begins an upload for pieces, or goes on with an earlier one that still exists. */
  begin(pieceBytes: number, earlier?: string): Promise<{ upload: string; remove(): Promise<void> }>;
}

/** Returns undefined if the service must receive the content instead. */
export async function sendDirect(
  connection: Connection,
  content: LargeContent & { size: number },
  options: SendDirectOptions,
): Promise<SentContent | undefined> {
  if (hasFailed(connection)) return undefined;
  const { size } = content, { signal } = options;
  if (size > REQUESTS.whole) return await sendPieces(connection, content, options);
  const { sha256 } = await digestOfChunks(content.chunks(), signal);
  const chunks = () => {
    options.again();
    return passing(content, options.onBytes);
  };
  const upload = await sendToBucket(connection, { size, sha256, signal }, chunks);
  return upload === undefined ? undefined : { upload, size, sha256 };
}

/** Sends pieces as the content is read: so many are in memory, and one more that is being cut. */
async function sendPieces(
  connection: Connection,
  content: LargeContent & { size: number },
  { signal, onBytes, again, begin }: SendDirectOptions,
): Promise<SentContent | undefined> {
  const { size } = content;
  const pieceBytes = Math.max(REQUESTS.piece, Math.ceil(size / MOST_PIECES));
  const note = UploadNote.of(connection, content, pieceBytes);
  const { upload, remove } = await begin(pieceBytes, note?.take());
  const goesOn = note?.write(upload);
  const whole = createSha256();
  let isSent = true;
  again();
  async function* pieces() {
    let offset = 0;
    for await (const bytes of piecesOf(content.chunks(), pieceBytes)) {
      if (!isSent) return;
      whole.update(bytes);
      yield { offset, bytes };
      offset += bytes.byteLength;
    }
  }
  try {
    await forEachAtOnce(pieces(), async ({ offset, bytes }) => {
      const asked = { size: bytes.byteLength, sha256: digestOf(bytes), upload, offset, signal };
      if (await sendToBucket(connection, asked, () => [bytes]) === undefined) isSent = false;
      else onBytes?.(bytes.byteLength);
    }, { concurrency: REQUESTS.piecesAtOnce });
  } catch (error) {
    if (!goesOn || !note?.release(upload)) await remove();
    throw error;
  }
  if (isSent) return { upload, size, sha256: whole.digest() };
  await remove();
}

/** Returns the upload, or undefined if the bucket did not take the bytes. */
async function sendToBucket(
  connection: Connection,
  { signal, ...asked }: DirectUploadOptions,
  chunks: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<string | undefined> {
  const { size } = asked;
  const attempts = asked.upload === undefined ? ATTEMPTS : ATTEMPTS_OF_PIECES;
  const call = { ...requestOf(PRESIGN_UPLOAD, [asked]), signal };
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 1) await realSystem.sleep(BETWEEN_MS * attempt, signal);
    try {
      const { upload, url, headers } = await connection.json<OnWire<DirectUpload>>(call);
      const to = URL.parse(url);
      const { protocol } = new URL(connection.location);
      if (to === null || !["https:", protocol].includes(to.protocol)) break;
      if (!await mayFollow(connection, to)) break;
      const sending = { headers: { ...headers, "content-length": String(size) }, signal };
      const timeoutMs = connection.timeoutMs * silentLimits(size);
      const status = await put(to, chunks(), { ...sending, timeoutMs });
      if (status === 200 || status === 201) return upload;
      if (status === 412 && asked.upload !== undefined) return upload; // see below
      if (status === 400) return undefined; // other bytes than those that were hashed
    } catch (error) { // not shown: its message may have the URL, which is a secret
      signal?.throwIfAborted();
      if (isRegistryError(error, "Unsupported")) return undefined; // of this size, or at all
      // An earlier attempt has stored the piece. A save compares the digest of the whole.
      if (isRegistryError(error, "AlreadyExists")) return asked.upload;
      if (isRegistryError(error)) throw error;
    }
  }
  noteFailure(connection);
  return undefined;
}

async function* passing(
  content: LargeContent,
  onBytes?: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of content.chunks()) {
    yield chunk;
    onBytes?.(chunk.byteLength);
  }
}

const options = { keepAlive: true, proxyEnv: proxyVariables(realSystem) };
const AGENTS = { "http:": new http.Agent(options), "https:": new https.Agent(options) };

/** Sends a body of a known length, and returns the status of the answer. */
async function put(
  url: URL,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { headers, timeoutMs, signal }: {
    headers: Record<string, string>;
    timeoutMs: number;
    signal?: AbortSignal;
  },
): Promise<number> {
  const isSecure = url.protocol === "https:";
  const agent = AGENTS[isSecure ? "https:" : "http:"];
  const request = (isSecure ? https : http).request(url, { method: "PUT", headers, agent, signal });
  const late = () => request.destroy(new Error("no progress"));
  request.setTimeout(BUCKET_MS, late);
  request.once("socket", (socket) => {
    const longer = () => request.setTimeout(timeoutMs, late);
    if (socket.connecting) socket.once("connect", longer);
    else longer();
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once("response", resolve).once("error", reject);
  });
  // A bucket may refuse the body before it has all of it.
  const sent = pipeline(Readable.from(chunks, { objectMode: false }), request);
  const answer = await Promise.race([answered, sent.then(() => answered)]);
  answer.resume();
  const { statusCode: status = 0 } = answer;
  if (status >= 300) request.destroy();
  await sent.catch(() => {}); // its content is read no more
  return status;
}
