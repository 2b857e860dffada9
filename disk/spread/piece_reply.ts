// Replies with the bytes of a piece, of a file on this machine or of a store. From a store on Deno by
// `fetch`, which reads into the caller's memory; on Node and Bun by `node:https`: `fetch` of Bun
// cannot, and that of Node takes up to twice the processor time.
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { fileURLToPath } from "node:url";
import { proxyVariables, realSystem } from "../../core/system.ts";
import { look, openFile } from "../disk_calls.ts";

export interface PieceReply {
  /** Fills bytes, which move: returns them at their new place; undefined if the reply is too short. */
  fill(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Returns false if more bytes follow. */
  isAtEnd(): Promise<boolean>;
  /** Reads no more. */
  leave(): Promise<void>;
}

interface ObjectRange {
  /** The first byte. */
  from: number;
  length: number;
}

/** Asks for a range of an object. Returns undefined for a reply with other bytes. */
export async function askForRange(
  url: string,
  range: ObjectRange,
): Promise<PieceReply | undefined> {
  if (url.startsWith("file:")) return openRange(fileURLToPath(url), range);
  return await ("Deno" in globalThis ? askByFetch(url, range) : askByNode(url, range));
}

/** Opens a range of a file. Undefined for another kind of file, such as a pipe, which could wait. */
function openRange(path: string, { from }: ObjectRange): PieceReply | undefined {
  const { isFile, identity } = look(path);
  if (!isFile) return undefined;
  const file = openFile(path); // the runtime closes it if the thread is ended meanwhile
  const leave = () => Promise.resolve(file.close());
  const fill: PieceReply["fill"] = (bytes) => {
    for (let count = 0; count < bytes.byteLength;) {
      const read = file.read(bytes.subarray(count));
      if (read === 0) return Promise.resolve(undefined);
      count += read;
    }
    return Promise.resolve(bytes);
  };
  if (file.look().identity !== identity) {
    file.close();
    return undefined;
  }
  file.seek(from);
  return { fill, isAtEnd: () => leave().then(() => true), leave };
}

function headersOf({ from, length }: ObjectRange): Record<string, string> {
  return { range: `bytes=${from}-${from + length - 1}`, "accept-encoding": "identity" };
}

/** Unverified bytes, too, must be those that were asked for. */
function hasRange(header: string | null | undefined, { from, length }: ObjectRange): boolean {
  return header?.startsWith(`bytes ${from}-${from + length - 1}/`) ?? false;
}

export async function askByFetch(
  url: string,
  range: ObjectRange,
): Promise<PieceReply | undefined> {
  const reply = await fetch(url, { headers: headersOf(range), redirect: "error" });
  const isRight = reply.status === 206 && hasRange(reply.headers.get("content-range"), range);
  if (!isRight || reply.body === null) {
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
    isAtEnd: async () => (await reader.read(new Uint8Array(1))).done,
    leave: () => reader.cancel().catch(() => {}),
  };
}

/** `fetch` of Deno uses the proxy of the environment by itself. */
const shared = { keepAlive: true, proxyEnv: proxyVariables(realSystem) };
const agents = { "http:": new http.Agent(shared), "https:": new https.Agent(shared) };

export async function askByNode(
  url: string,
  range: ObjectRange,
): Promise<PieceReply | undefined> {
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const isSecure = url.startsWith("https:");
    const options = { headers: headersOf(range), agent: agents[isSecure ? "https:" : "http:"] };
    (isSecure ? https : http).get(url, options, resolve).on("error", reject);
  });
  if (reply.statusCode !== 206 || !hasRange(reply.headers["content-range"], range)) {
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
    isAtEnd: async () => rest.byteLength === 0 && (await chunks.next()).done === true,
    // deno-lint-ignore require-await -- like that of `fetch`
    async leave() {
      reply.destroy();
    },
  };
}
