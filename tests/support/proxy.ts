// A proxy in front of a real server: it counts requests at the wire, and does to them what networks
// do.
import {
  createServer,
  type IncomingMessage,
  request as sendRequest,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { realSystem } from "../../core/system.ts";

export interface WireRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  /** How its body begins, 16 KiB. */
  text: string;
  /** True once the client has the whole reply. */
  answered: boolean;
}

export type Fault =
  /** The server does it, and the reply is swallowed: the connection closes after it, or after so many bytes of its body. */
  | { fault: "cut"; afterBytes?: number }
  /** The server does it, and nothing ever comes back. */
  | { fault: "stall" }
  /** The server does it twice, and the second reply comes back: as where something on the way sends again by itself. */
  | { fault: "repeat" }
  /** The connection closes before the request reaches the server. */
  | { fault: "refuse" }
  /** This answer; the request never reaches the server. */
  | { fault: "answer"; status: number; headers?: Record<string, string>; body?: string }
  /** It reaches the server so much later. */
  | { fault: "delay"; ms: number }
  /** The entity tag of the reply changes, as behind a gateway that compresses. */
  | { fault: "tag"; change: (tag: string) => string }
  /** The reply's body trickles: so many bytes every ten milliseconds. */
  | { fault: "slow"; bytes: number };

/** Decides about one request; undefined lets it pass. */
export type FaultPlan = (request: WireRequest) => Fault | undefined;

export interface Proxy extends AsyncDisposable {
  readonly endpoint: string;
  readonly requests: WireRequest[];
  /** Bytes of the bodies of all requests and replies. */
  readonly bytes: number;
  plan(plan?: FaultPlan): void;
  during(action: () => Promise<unknown>): Promise<string[]>;
}

/** Starts a proxy in front of `target`, a base URL. Disposing of it closes every connection, and throws what a plan threw. */
export async function startProxy(target: string, plan?: FaultPlan): Promise<Proxy> {
  let current = plan;
  const requests: WireRequest[] = [];
  const sockets = new Set<Socket>();
  const over = new AbortController();
  const broken: unknown[] = [];
  let bytes = 0;
  const planned = (wire: WireRequest) => {
    try {
      return current?.(wire);
    } catch (error) {
      broken.push(error);
    }
  };
  const listener = createServer((incoming, reply) => {
    const gone = AbortSignal.any([over.signal, closed(reply)]);
    const serving = async () => {
      const body = await readBody(incoming);
      const { method = "", url = "" } = incoming;
      const text = new TextDecoder().decode(body.subarray(0, 16 * 1024));
      const wire = { method, url, headers: flatHeaders(incoming), text, answered: false };
      requests.push(wire);
      bytes += body.byteLength;
      const passed = (count: number) => void (bytes += count);
      await serve({ incoming, reply, body, target, endpoint, fault: planned(wire), gone, passed });
      wire.answered = reply.writableEnded;
    };
    serving().catch(() => incoming.socket.destroy());
  });
  listener.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {}); // a client may disconnect
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  return {
    endpoint,
    requests,
    get bytes() {
      return bytes;
    },
    plan: (plan) => void (current = plan),
    async during(action) {
      const before = requests.length;
      await action();
      return requests.slice(before).map(({ method, url }) => `${method} ${url}`);
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
      if (broken.length > 0) throw broken[0];
    },
  };
}

interface Exchange {
  incoming: IncomingMessage;
  reply: ServerResponse;
  body: Uint8Array;
  target: string;
  endpoint: string;
  fault?: Fault;
  gone: AbortSignal;
  passed(bytes: number): void;
}

async function serve(
  { incoming, reply, body, target, endpoint, fault, gone, passed }: Exchange,
): Promise<void> {
  if (fault?.fault === "refuse") return void incoming.socket.destroy();
  if (fault?.fault === "answer") {
    reply.writeHead(fault.status, fault.headers);
    return void reply.end(fault.body ?? "");
  }
  if (fault?.fault === "delay") await realSystem.sleep(fault.ms, gone);
  if (fault?.fault === "repeat") await readBody(await forward(incoming, body, target, gone));
  const answer = await forward(incoming, body, target, gone);
  if (fault?.fault === "stall") return void answer.resume();
  if (fault?.fault === "cut" && fault.afterBytes === undefined) {
    await readBody(answer); // the server is done with it
    return void incoming.socket.destroy();
  }
  const headers = repliedHeaders(answer, target, endpoint);
  if (fault?.fault === "tag" && headers.etag) headers.etag = fault.change(headers.etag);
  reply.writeHead(answer.statusCode!, answer.statusMessage, headers);
  let sent = 0;
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    if (fault?.fault === "cut" && sent + chunk.byteLength >= fault.afterBytes!) {
      await write(reply, chunk.subarray(0, fault.afterBytes! - sent));
      return void incoming.socket.destroy();
    }
    sent += chunk.byteLength;
    passed(chunk.byteLength);
    if (fault?.fault !== "slow") await write(reply, chunk);
    for (let at = 0; fault?.fault === "slow" && at < chunk.byteLength; at += fault.bytes) {
      await write(reply, chunk.subarray(at, at + fault.bytes));
      await realSystem.sleep(10, gone);
    }
  }
  reply.end();
}

/** Sends it on over a connection of its own: a kept one could send it twice. */
function forward(
  incoming: IncomingMessage,
  body: Uint8Array,
  target: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { ...incoming.headers };
    delete headers.expect; // answered here
    delete headers.connection;
    const { method } = incoming;
    const outgoing = sendRequest(
      target + incoming.url,
      { method, headers, agent: false, signal },
      resolve,
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** The location where an upload continues must be here too. */
function repliedHeaders(
  answer: IncomingMessage,
  target: string,
  endpoint: string,
): Record<string, string> {
  const headers = flatHeaders(answer);
  if (headers.location !== undefined) headers.location = headers.location.replace(target, endpoint);
  return headers;
}

function flatHeaders({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

async function readBody(message: IncomingMessage): Promise<Uint8Array> {
  return concatBytes(await Array.fromAsync(message as AsyncIterable<Uint8Array>));
}

/** Waits until the chunk has left, so that a client that reads slowly slows the server too. */
function write(reply: ServerResponse, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (chunk.byteLength === 0) return resolve();
    reply.write(chunk, (error) => error ? reject(error) : resolve());
  });
}

function closed(reply: ServerResponse): AbortSignal {
  const controller = new AbortController();
  reply.once("close", () => controller.abort());
  return controller.signal;
}
