// Sends content to the bucket of a service, by URLs that take these bytes and no others: whole, or
// in pieces what one request cannot have. The runtimes' `fetch` cannot stream a body of a known
// length, which the bucket requires.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { dirname, join } from "node:path";
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
import { cacheFolder } from "../../../disk/cache_folder.ts";
import { DiskContent } from "../../../disk/disk_file.ts";
import { isProcessGone, noProcess, thisProcess } from "../../../disk/stage/process.ts";
import type { Connection } from "../connection.ts";
import { piecesOf } from "../content.ts";
import type { LargeContent, SendContentOptions, SentContent } from "../content.ts";
import { requestOf } from "../operations.ts";
import { BUCKET_MS, hasFailed, mayFollow, noteFailure } from "../presign_download.ts";
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

/**
 * Returns the file that names the upload of a file of this machine, and its state, so that a save
 * after a killed one goes on. The next save of the file to this service replaces it.
 */
function noteOf({ location, system }: Connection, { source }: LargeContent, pieceBytes: number) {
  if (!(source instanceof DiskContent)) return undefined;
  const folder = cacheFolder(undefined, system), { path, state } = source.file;
  if (!("path" in folder)) return undefined;
  const name = digestOf(new TextEncoder().encode(JSON.stringify([location, path])));
  return { at: join(folder.path, "uploads", name), state: JSON.stringify([pieceBytes, state]) };
}

type Note = NonNullable<ReturnType<typeof noteOf>>;

/** Takes the upload of an earlier save of the same bytes. No other program sends it any more. */
function takeNote({ at, state }: Note): string | undefined {
  const own = `${at}.${thisProcess()}`;
  try {
    const note = readFileSync(at, "utf8"), [upload, owner = "", its] = note.split("\n");
    if (its !== state || !isProcessGone(owner)) return undefined;
    renameSync(at, own); // one program at once succeeds
    const isIt = readFileSync(own, "utf8") === note;
    rmSync(own);
    return isIt ? upload : undefined;
  } catch { // none
    return undefined;
  }
}

/** Returns whether a save after the end of its owner can go on. */
function writeNote({ at, state }: Note, upload: string, owner = thisProcess()): boolean {
  try {
    mkdirSync(dirname(at), { recursive: true, mode: 0o700 });
    writeFileSync(at, [upload, owner, state].join("\n"), { mode: 0o600 });
    return true;
  } catch { // the folder is full or denied
    return false;
  }
}

/** Sends pieces as the content is read: so many are in memory, and one more that is being cut. */
async function sendPieces(
  connection: Connection,
  content: LargeContent & { size: number },
  { signal, onBytes, again, begin }: SendDirectOptions,
): Promise<SentContent | undefined> {
  const { size } = content;
  const pieceBytes = Math.max(REQUESTS.piece, Math.ceil(size / MOST_PIECES));
  const note = noteOf(connection, content, pieceBytes);
  const { upload, remove } = await begin(pieceBytes, note && takeNote(note));
  const goesOn = note !== undefined && writeNote(note, upload);
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
    if (!goesOn || !writeNote(note, upload, noProcess())) await remove();
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
