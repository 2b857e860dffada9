// Sends content to the bucket of a service, by a URL that takes these bytes and no others. The
// runtimes' `fetch` cannot stream a body of a known length, which the bucket requires.
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { digestOfChunks } from "../../../core/bytes/digest.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { silentLimits } from "../../../core/retry.ts";
import type { DirectUpload } from "../../../core/registry/transfer.ts";
import { PRESIGN_UPLOAD } from "../../../core/registry/transfer.ts";
import { realSystem } from "../../../core/system.ts";
import { proxyVariables } from "../../../core/urls/proxies.ts";
import type { Connection } from "../connection.ts";
import type { LargeContent, SendContentOptions, SentContent } from "../content.ts";
import { requestOf } from "../operations.ts";
import { BUCKET_MS, hasFailed, mayFollow, noteFailure } from "../presign_download.ts";
import type { OnWire } from "../wire.ts";

/** Each attempt has another URL. What an earlier one left is garbage collected. */
const ATTEMPTS = 2;

/**
 * Returns undefined if the service must receive the content instead.
 *
 * @param again called before each attempt, whose bytes are reported from the first one on
 */
export async function sendDirect(
  connection: Connection,
  content: LargeContent & { size: number },
  { signal, onBytes, again }: SendContentOptions & { again: () => void },
): Promise<SentContent | undefined> {
  if (hasFailed(connection)) return undefined;
  const { size } = content;
  const { sha256 } = await digestOfChunks(content.chunks(), signal);
  const call = { ...requestOf(PRESIGN_UPLOAD, [{ size, sha256 }]), signal };
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      const { upload, url, headers } = await connection.json<OnWire<DirectUpload>>(call);
      const to = URL.parse(url);
      const { protocol } = new URL(connection.location);
      if (to === null || !["https:", protocol].includes(to.protocol)) break;
      if (!await mayFollow(connection, to)) break;
      const sending = { headers: { ...headers, "content-length": String(size) }, signal };
      const timeoutMs = connection.timeoutMs * silentLimits(size);
      again();
      const status = await put(to, passing(content, onBytes), { ...sending, timeoutMs });
      if (status === 200 || status === 201) return { upload, size, sha256 };
      if (status === 400) return undefined; // other bytes than those that were hashed
    } catch (error) { // not shown: its message may have the URL, which is a secret
      signal?.throwIfAborted();
      if (isRegistryError(error, "Unsupported")) return undefined; // of this size, or at all
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
  chunks: AsyncIterable<Uint8Array>,
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
