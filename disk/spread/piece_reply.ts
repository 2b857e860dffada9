// Replies with the bytes of a piece. On Deno by `fetch`, which reads into the caller's memory; on Node
// and Bun by `node:https`: `fetch` of Bun cannot, and that of Node takes up to twice the processor time.
import http, { type IncomingMessage } from "node:http";
import https from "node:https";

export interface PieceReply {
  /** Fills bytes, which move: returns them at their new place; undefined if the reply is too short. */
  fill(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Reads no more. */
  leave(): Promise<void>;
}

/** Asks for a range of an object. Returns undefined for another reply than these bytes. */
export function askForRange(url: string, range: string): Promise<PieceReply | undefined> {
  const headers = { range, "accept-encoding": "identity" };
  return "Deno" in globalThis ? askByFetch(url, headers) : askByNode(url, headers);
}

export async function askByFetch(
  url: string,
  headers: HeadersInit,
): Promise<PieceReply | undefined> {
  const reply = await fetch(url, { headers, redirect: "error" });
  if (reply.status !== 206 || reply.body === null) {
    await reply.body?.cancel();
    return undefined;
  }
  const reader = reply.body.getReader({ mode: "byob" });
  return {
    async fill(bytes) {
      const { byteLength } = bytes;
      const { value } = await reader.read(bytes, { min: byteLength });
      return value?.byteLength === byteLength ? value : undefined;
    },
    leave: () => reader.cancel().catch(() => {}),
  };
}

const agents = {
  "http:": new http.Agent({ keepAlive: true }),
  "https:": new https.Agent({ keepAlive: true }),
};

export async function askByNode(
  url: string,
  headers: http.OutgoingHttpHeaders,
): Promise<PieceReply | undefined> {
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const isSecure = url.startsWith("https:");
    const options = { headers, agent: agents[isSecure ? "https:" : "http:"] };
    (isSecure ? https : http).get(url, options, resolve).on("error", reject);
  });
  if (reply.statusCode !== 206) {
    reply.destroy();
    return undefined;
  }
  const chunks = reply[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  let rest = new Uint8Array();
  return {
    async fill(bytes) {
      for (let count = 0; count < bytes.byteLength;) {
        if (rest.byteLength === 0) {
          const next = await chunks.next();
          if (next.done) return undefined;
          rest = next.value as Uint8Array<ArrayBuffer>;
        }
        const part = rest.subarray(0, bytes.byteLength - count);
        bytes.set(part, count);
        rest = rest.subarray(part.byteLength);
        count += part.byteLength;
      }
      return bytes;
    },
    // deno-lint-ignore require-await -- like that of `fetch`
    async leave() {
      reply.destroy();
    },
  };
}
