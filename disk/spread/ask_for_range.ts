// Ranges of objects, of a file on this machine or of a store. From a store on Deno over its sockets,
// and by `node:http` on Node, Bun and by way of a proxy.
import { fileURLToPath } from "node:url";
import { realSystem } from "../../core/system.ts";
import { namedProxies } from "../../core/urls/proxies.ts";
import { look, openFile } from "../disk_calls.ts";
import { askByNode } from "./node_reply.ts";
import type { Asking, ObjectRange, PieceReply } from "./piece_reply.ts";
import { SocketReplies, type Sockets } from "./socket_reply.ts";

/** Asks for a range of an object. Returns undefined for a reply with other bytes. */
export async function askForRange(
  url: string,
  range: ObjectRange,
  asking: Asking,
): Promise<PieceReply | undefined> {
  if (url.startsWith("file:")) return openRange(fileURLToPath(url), range);
  if (sockets !== undefined) return await sockets.ask(url, range, asking);
  return isTraced() ? undefined : await askByNode(url, range, asking);
}

const sockets = findSockets();

/** Returns the sockets of Deno; undefined on Node and Bun, and where requests go by way of a proxy. */
function findSockets(): SocketReplies | undefined {
  const { Deno } = globalThis as { Deno?: Sockets };
  if (Deno?.connectTls === undefined) return undefined;
  const usesProxy = namedProxies(realSystem).some(({ url }) => url !== undefined);
  return usesProxy ? undefined : new SocketReplies(Deno);
}

/** True if spans of the runtime show URLs of requests, which are secrets (`OTEL_DENO=true`). */
function isTraced(): boolean {
  return "Deno" in globalThis && Symbol.for("opentelemetry.js.api.1") in globalThis;
}

/** Opens a range of a file. Undefined for another kind of file, such as a pipe, which could wait. */
function openRange(path: string, { from }: ObjectRange): PieceReply | undefined {
  const { isFile, identity } = look(path);
  if (!isFile) return undefined;
  const file = openFile(path); // the runtime closes it if the thread is ended meanwhile
  const leave = () => file.close();
  const fill: PieceReply["fill"] = (bytes) => {
    for (let count = 0; count < bytes.byteLength;) {
      const read = file.read(bytes.subarray(count));
      if (read === 0) return Promise.resolve(false);
      count += read;
    }
    return Promise.resolve(true);
  };
  if (file.look().identity !== identity) {
    file.close();
    return undefined;
  }
  file.seek(from);
  const isAtEnd = () => {
    leave();
    return Promise.resolve(true);
  };
  return { fill, isAtEnd, leave };
}
