// One request and its whole reply, without retries.
//
// Writes use `node:http`, over connections that never send twice. Reads use `fetch`, which needs
// half the memory and may resend, unless the options name an authority that only they trust.
import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { errorCode } from "../../core/faults/errno.ts";
import { connectionFault, type Meaning, tunnelFault } from "../../core/faults/meanings.ts";
import { silence } from "../../core/retry.ts";
import { type Connections, storeTlsProblem } from "../bucket/connections.ts";
import { isLong, UploadBody } from "../bucket/upload_body.ts";

export interface HttpRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  connections: Connections;
  /** @default none */
  body?: readonly Uint8Array[];
  /** True if the runtime may resend it. @default false */
  repeatable?: boolean;
  maxBytes: number;
  /** Milliseconds without progress. */
  timeoutMs: number;
  onAnswer?(): void;
  signal?: AbortSignal;
}

export interface HttpReply {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  chunks: Uint8Array[];
}

/** The failure of a request without a whole reply. */
export interface HttpFault {
  fault: string;
  /** True if the store was silent. @default false */
  isSilent?: boolean;
  /** False if no connection was made, so that the store has not received the request. */
  sent: boolean;
  hint?: string;
  /** Its row in the table of connections. */
  meaning?: Meaning;
}

/** Sends a request. Network faults are returned; only an abort rejects. */
export async function exchange(request: HttpRequest): Promise<HttpReply | HttpFault> {
  request.signal?.throwIfAborted();
  return await (request.repeatable && !request.connections.ownTrust
    ? fetchOnce(request)
    : sendOnce(request));
}

async function fetchOnce(request: HttpRequest): Promise<HttpReply | HttpFault> {
  const { method, url, headers, maxBytes, timeoutMs, signal } = request;
  const stop = new AbortController();
  const forward = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", forward, { once: true });
  const over = new AbortController();
  let moved = 0;
  silence(() => moved, { timeoutMs, signal: over.signal }).then(() => stop.abort(), () => {});
  try {
    const response = await fetch(url, { method, headers, redirect: "manual", signal: stop.signal });
    request.onAnswer?.();
    const chunks: Uint8Array[] = [];
    let received = 0;
    moved++;
    for await (const chunk of response.body ?? []) {
      moved++;
      received += chunk.byteLength;
      if (received > maxBytes) return { fault: tooLong(maxBytes), sent: true };
      chunks.push(chunk);
    }
    return { status: response.status, headers: Object.fromEntries(response.headers), chunks };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (stop.signal.aborted) return { ...stalled(timeoutMs), sent: true };
    return { ...faultOf(error), sent: true };
  } finally {
    over.abort();
    signal?.removeEventListener("abort", forward);
  }
}

/** Connections that have carried a request. */
const used = new WeakSet<object>();

function sendOnce(request: HttpRequest): Promise<HttpReply | HttpFault> {
  const { method, url, connections, body = [], maxBytes, timeoutMs, signal } = request;
  const secure = new URL(url).protocol === "https:";
  const length = body.reduce((size, piece) => size + piece.byteLength, 0);
  const long = isLong(length);
  const headers = { ...request.headers, "content-length": String(length) };
  return new Promise((resolve, reject) => {
    let sent = false;
    const agent = secure ? connections.https : connections.http;
    const sending = (secure ? https : http).request(url, { method, agent, headers });
    const stop = () => {
      reject(signal?.reason);
      sending.destroy();
    };
    const replied = new AbortController();
    const settle = (outcome: HttpReply | HttpFault) => {
      replied.abort();
      signal?.removeEventListener("abort", stop);
      resolve(outcome);
      if ("fault" in outcome) sending.destroy();
    };
    const fail = (fault: string) => settle({ fault, sent });
    signal?.addEventListener("abort", stop, { once: true });

    sending.on("socket", (socket) => {
      const { connecting, secureConnecting } = socket as Socket & { secureConnecting?: boolean };
      const opening = secure ? secureConnecting : connecting;
      if (used.has(socket) || !opening) sent = true;
      else socket.once(secure ? "secureConnect" : "connect", () => sent = true);
      used.add(socket);
    });
    const stall = () => settle({ ...stalled(timeoutMs), sent });
    const limit = () => sending.setTimeout(timeoutMs, stall);
    sending.on("error", (error) => settle({ ...faultOf(error), sent }));
    sending.on("close", () => fail("the connection ended without a reply"));
    sending.on("response", (response) => {
      request.onAnswer?.();
      replied.abort();
      if (long) limit();
      const { statusCode: status = 0 } = response;
      const headers = response.headers as Record<string, string>;
      const chunks: Uint8Array[] = [];
      let received = 0;
      response.on("data", (chunk: Uint8Array) => {
        received += chunk.byteLength;
        if (received > maxBytes) return fail(tooLong(maxBytes));
        chunks.push(chunk);
      });
      response.on("end", () => {
        const whole = response.complete &&
          Number(headers["content-length"] ?? received) === received;
        if (whole) settle({ status, headers, chunks });
        else fail("the reply broke off");
      });
      response.on("error", () => fail("the reply broke off"));
      response.on("aborted", () => fail("the reply broke off"));
    });
    if (long) {
      const upload = new UploadBody(body);
      upload.watch(timeoutMs, stall, replied.signal);
      upload.stream.pipe(sending);
    } else {
      limit();
      for (const piece of body) sending.write(piece);
      sending.end();
    }
  });
}

function stalled(timeoutMs: number): Pick<HttpFault, "fault" | "isSilent"> {
  return { fault: `no progress for ${timeoutMs} ms`, isSilent: true };
}

function tooLong(maxBytes: number): string {
  return `the reply exceeds the requested ${maxBytes} bytes`;
}

/** Returns only the code: the message of an error may contain the request. */
function faultOf(error: unknown): Pick<HttpFault, "fault" | "hint" | "meaning"> {
  const { code, name, cause } = error as { code?: string; name: string; cause?: { code?: string } };
  const problem = storeTlsProblem(error);
  if (problem !== undefined) return { fault: `the store ${problem.state}`, hint: problem.hint };
  const system = errorCode(cause) ?? errorCode(error) ?? cause?.code ?? code;
  const meaning = connectionFault(system) ?? connectionFault(name) ?? tunnelFault(error);
  const known = typeof system === "string" ? system : name;
  return meaning === undefined
    ? { fault: `the connection failed (${known})` }
    : { fault: `${meaning.state} (${known})`, meaning };
}
