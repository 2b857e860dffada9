// Replies of a store over sockets of Deno, which fill the caller's memory. A byte takes half of the
// processor time of `fetch`, and a third of that of `node:https`. One request has one form (HTTP/1.1,
// RFC 9112): a reply of another form than that of a range is refused, and its connection closed.
//
// It goes when Deno itself reads almost as fast, or on 2027-05-28 unless it was measured again:
// decisions/0101-threads-read-pieces.md has the condition.
import { withDeadline } from "../../core/retry.ts";
import { type Asking, type GetRange, headersOf, isJust } from "./piece_reply.ts";
import type { ObjectRange, PieceReply } from "./piece_reply.ts";

interface Socket {
  read(bytes: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

interface Address {
  hostname: string;
  port: number;
}

/** Sockets, as Deno has them. */
export interface Sockets {
  connect(address: Address): Promise<Socket>;
  connectTls(address: Address & { alpnProtocols: string[] }): Promise<Socket>;
}

const MAX_HEAD_BYTES = 64 * 1024;
const [CR, LF] = [13, 10];

/** Asks one store at a time for ranges, over connections that are used again. */
export class SocketReplies {
  readonly #sockets: Sockets;
  /** Connections between two requests, by the origin of the store. */
  readonly #idle = new Map<string, Socket[]>();

  constructor(sockets: Sockets) {
    this.#sockets = sockets;
  }

  readonly ask: GetRange = async (address, range, asking) => {
    const url = new URL(address);
    const idle = asking.isFresh ? undefined : this.#idle.get(url.origin)?.pop();
    if (idle !== undefined) {
      try {
        return await this.#askOver(idle, url, range, asking);
      } catch {
        asking.signal.throwIfAborted(); // the store has closed it meanwhile: ask over a new one
      }
    }
    return await this.#askOver(await this.#connect(url, asking), url, range, asking);
  };

  /** Closes the connections between two requests. */
  close(): void {
    for (const socket of [...this.#idle.values()].flat()) socket.close();
    this.#idle.clear();
  }

  async #connect({ protocol, hostname, port }: URL, { signal }: Asking): Promise<Socket> {
    const isSecure = protocol === "https:";
    const address = {
      hostname: hostname.replace(/^\[|\]$/g, ""), // of IPv6
      port: Number(port || (isSecure ? 443 : 80)),
    };
    const connecting = isSecure
      ? this.#sockets.connectTls({ ...address, alpnProtocols: ["http/1.1"] })
      : this.#sockets.connect(address);
    try {
      return await withDeadline(connecting, { signal });
    } catch (error) {
      connecting.then((socket) => socket.close(), () => {});
      throw error;
    }
  }

  async #askOver(
    socket: Socket,
    url: URL,
    range: ObjectRange,
    { signal, onBytes }: Asking,
  ): Promise<PieceReply | undefined> {
    const reply = new SocketReply(socket, { length: range.length, onBytes });
    const leave = () => reply.leave();
    signal.addEventListener("abort", leave, { once: true });
    reply.onEnd = (isReusable) => {
      signal.removeEventListener("abort", leave);
      if (!isReusable) return;
      const idle = this.#idle.get(url.origin) ?? [];
      this.#idle.set(url.origin, idle);
      idle.push(socket);
    };
    try {
      signal.throwIfAborted();
      const hasBytes = await reply.begin(requestOf(url, range), range);
      if (hasBytes) return reply;
      reply.leave();
    } catch (error) {
      reply.leave();
      throw error;
    }
  }
}

function requestOf(url: URL, range: ObjectRange): Uint8Array {
  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `host: ${url.host}`,
    ...Object.entries(headersOf(range)).map(([name, value]) => `${name}: ${value}`),
  ];
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
}

class SocketReply implements PieceReply {
  /** Called once: true if the connection can be used again. */
  onEnd: (isReusable: boolean) => void = () => {};
  readonly #socket: Socket;
  readonly #onBytes: () => void;
  /** Bytes that were read with the head. */
  #rest = new Uint8Array();
  /** Bytes of the range that were not yet returned. */
  #missing: number;
  #isKept = true;
  #isOver = false;

  constructor(socket: Socket, { length, onBytes }: { length: number; onBytes: () => void }) {
    this.#socket = socket;
    this.#onBytes = onBytes;
    this.#missing = length;
  }

  /** Sends a request. Returns false for a reply that has not just the bytes of the range. */
  async begin(request: Uint8Array, range: ObjectRange): Promise<boolean> {
    for (let sent = 0; sent < request.byteLength;) {
      sent += await this.#socket.write(request.subarray(sent));
    }
    const head = await this.#readHead();
    if (head === undefined) return false;
    const [status = "", ...fields] = head.split("\r\n");
    const headers = new Headers(fields.map((field) => {
      const at = field.indexOf(":");
      return [field.slice(0, at), field.slice(at + 1).trim()];
    }));
    this.#isKept = !/close/i.test(headers.get("connection") ?? "");
    const [, code] = /^HTTP\/1\.1 (\d{3})( |$)/.exec(status) ?? [];
    return isJust(range, { status: Number(code), header: (name) => headers.get(name) }) &&
      headers.get("content-length") === String(range.length) &&
      !headers.has("transfer-encoding") &&
      this.#rest.byteLength <= range.length;
  }

  /** Reads up to the first byte of the body. Returns undefined for a head that is too long. */
  async #readHead(): Promise<string | undefined> {
    const bytes = new Uint8Array(MAX_HEAD_BYTES);
    for (let count = 0; count < bytes.byteLength;) {
      const before = count;
      count += await this.#read(bytes.subarray(count));
      for (let at = Math.max(before, 3); at < count; at++) {
        const isEnd = bytes[at] === LF && bytes[at - 1] === CR && bytes[at - 2] === LF &&
          bytes[at - 3] === CR;
        if (!isEnd) continue;
        this.#rest = bytes.slice(at + 1, count);
        return new TextDecoder().decode(bytes.subarray(0, at - 3));
      }
    }
  }

  async fill(bytes: Uint8Array): Promise<boolean> {
    const first = this.#rest.subarray(0, bytes.byteLength);
    bytes.set(first);
    this.#rest = this.#rest.subarray(first.byteLength);
    for (let count = first.byteLength; count < bytes.byteLength;) {
      count += await this.#read(bytes.subarray(count));
    }
    this.#missing -= bytes.byteLength;
    return true;
  }

  async #read(bytes: Uint8Array): Promise<number> {
    const count = await this.#socket.read(bytes);
    // deno-lint-ignore holdfast/registry-errors -- read again on the caller's thread
    if (count === null) throw new Error("the connection was closed");
    this.#onBytes();
    return count;
  }

  isAtEnd(): Promise<boolean> {
    const isAtEnd = this.#missing === 0;
    if (isAtEnd) this.#end(this.#isKept);
    return Promise.resolve(isAtEnd);
  }

  leave(): void {
    this.#end(false);
  }

  #end(isReusable: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!isReusable) this.#socket.close();
    this.onEnd(isReusable);
  }
}
