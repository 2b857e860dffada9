// Limits for the size and time of request bodies. Uploads have no time limit: they are written as
// they come, without being held in memory.
import type { System } from "../../../mod.ts";
import type { HandlerLimits, HandlerOptions } from "../options.ts";
import { pathOf } from "../gateways/sent_path.ts";
import { onDemand } from "../streams.ts";
import { RefusedRequest } from "../problem.ts";
import type { BodyParts, HeldBody } from "./body_memory.ts";

/** Routes that stream bytes. */
const UPLOADS = /^\/(contents|upload|uploads|uploads\/[^/?%]*)(\?|$)/;

/** Routes whose JSON has the bytes of files. Others need some hundred KiB. */
const WITH_FILES = /^\/artifacts\/[^/?]+\/(versions|drafts\/[^/?]+\/parts\/[^/?]+)$/;
const MOST_WITHOUT = 1024 ** 2;

/** Maximum of commas and opening brackets in JSON: enough for 100,000 files with all members. */
const MOST_MEMBERS = 1_000_000;
/** Further members of one object count as several: V8 takes seconds to parse a million of them. */
const MEMBERS_OF_OBJECT = 1000, WEIGHT_BEYOND = 8;

interface Limited {
  system: Pick<System, "sleep">;
  /** The memory of bodies that are read whole. */
  held: HeldBody;
  onRefuse?: (reason: RefusedRequest) => void;
  /** True for a file in the protocol of another program. */
  isStream?: boolean;
  /** True for JSON with the bytes of files in the protocol of another program. */
  hasFiles?: boolean;
}

/**
 * Returns the request with a body that fails, and reports to `onRefuse`, when it is too large or
 * too slow. Throws for a `content-length` that is too large, and for a compressed body.
 */
export function limitBody(
  request: Request,
  limits: Required<Omit<HandlerLimits, "requestsPerSecond">>,
  limited: Limited,
): Request {
  if (request.method === "GET" || request.method === "HEAD" || request.body === null) {
    return request;
  }
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") throw compressed(encoding);
  const { isUpload, maxBytes } = sizeOf(pathOf(request.url), limits, limited);
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) > maxBytes) throw tooLarge(maxBytes, { isUpload });
  if (isUpload && (length !== null || maxBytes === Infinity)) return request;
  const timeoutMs = isUpload ? undefined : limits.bodyTimeoutMs;
  const body = limitStream(request.body, { maxBytes, timeoutMs, isUpload, ...limited });
  const { url, method, headers, signal } = request;
  return new Request(url, { method, headers, signal, body, duplex: "half" } as RequestInit);
}

/** Returns how many bytes the body of a path may have. */
function sizeOf(
  path: string,
  { maxUploadBytes, maxBodyBytes }: Required<Omit<HandlerLimits, "requestsPerSecond">>,
  { isStream, hasFiles }: Pick<Limited, "isStream" | "hasFiles">,
): { isUpload: boolean; maxBytes: number } {
  if (isStream || UPLOADS.test(path)) return { isUpload: true, maxBytes: maxUploadBytes };
  const most = hasFiles || WITH_FILES.test(path) ? Infinity : MOST_WITHOUT;
  return { isUpload: false, maxBytes: Math.min(maxBodyBytes, most) };
}

function limitStream(
  body: ReadableStream<Uint8Array>,
  { maxBytes, timeoutMs, isUpload, held, system, onRefuse }: Limited & {
    maxBytes: number;
    isUpload: boolean;
    timeoutMs?: number;
  },
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  const count = isUpload ? undefined : new MemberCount();
  const ended = new AbortController(), left = new AbortController();
  let late: Promise<never> | undefined; // begins with the first read: a body may stay unread
  let bytes = 0;
  return onDemand(reader, async (controller) => {
    try {
      if (timeoutMs !== undefined && late === undefined) {
        late = system.sleep(timeoutMs, ended.signal).then(() => {
          throw tooSlow(timeoutMs);
        });
        late.catch(() => {}); // the race reports it
      }
      const { done, value } =
        await (late === undefined ? reader.read() : Promise.race([reader.read(), late]));
      if (done) {
        ended.abort();
        if (count !== undefined) await held.parse({ ...count.parts, bytes }, left.signal);
        return controller.close();
      }
      bytes += value.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes, { isUpload });
      if (count !== undefined) {
        held.arrived(value.length);
        if (count.add(value) > MOST_MEMBERS) throw tooMany();
      }
      controller.enqueue(value);
    } catch (error) {
      ended.abort();
      void reader.cancel(error).catch(() => {});
      if (error instanceof RefusedRequest) onRefuse?.(error);
      throw error;
    }
  }, () => {
    ended.abort();
    left.abort();
  });
}

/**
 * Counts commas and opening brackets outside of strings, chunk by chunk: parsed values take
 * far more time and memory than their text, so this happens before parsing.
 */
class MemberCount {
  readonly parts: Omit<BodyParts, "bytes"> = { commas: 0, arrays: 0, objects: 0 };
  #weight = 0;
  #inString = false;
  #escaped = false;
  /** Members of each open object; -Infinity for arrays. */
  readonly #open: number[] = [];

  /** Returns the count of all chunks, in which further members of one object count as several. */
  add(bytes: Uint8Array): number {
    let inString = this.#inString, escaped = this.#escaped;
    for (const byte of bytes) {
      if (escaped) escaped = false;
      else if (inString && byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) inString = !inString;
      else if (!inString) this.#see(byte);
    }
    this.#inString = inString;
    this.#escaped = escaped;
    return this.#weight;
  }

  #see(byte: number): void {
    const open = this.#open;
    if (byte === COMMA) {
      this.parts.commas++;
      this.#weight += ++open[open.length - 1]! > MEMBERS_OF_OBJECT ? WEIGHT_BEYOND : 1;
    } else if (byte === END_BRACE || byte === END_BRACKET) open.pop();
    else if (byte === BRACE || byte === BRACKET) {
      this.parts[byte === BRACE ? "objects" : "arrays"]++;
      this.#weight++;
      open.push(byte === BRACE ? 1 : -Infinity);
    }
  }
}

const [QUOTE, BACKSLASH, COMMA, BRACE, BRACKET, END_BRACE, END_BRACKET] = [...'"\\,{[}]'].map((
  char,
) => char.charCodeAt(0));

function tooMany(): RefusedRequest {
  return new RefusedRequest({
    status: 413,
    code: "Invalid",
    action: "read the body",
    state: `it has more than ${MOST_MEMBERS} members`,
    hint: "Save fewer files at once: PUT /artifacts/{name}/drafts/{draft}/parts/{part}",
    headers: { "connection": "close" },
  });
}

/** Throws 413 for a file larger than the limit of uploads, in whatever pieces it comes. */
export function checkUploadSize({ limits }: Pick<HandlerOptions, "limits">, bytes: number): void {
  const { maxUploadBytes = Infinity } = limits ?? {};
  if (bytes > maxUploadBytes) throw tooLarge(maxUploadBytes, { isUpload: true });
}

/**
 * Throws 413 if the joined files of one request have more bytes than an upload may. It is a
 * `Conflict`, after which clients send the files whole.
 */
export function checkJoinedSize({ limits }: Pick<HandlerOptions, "limits">, bytes: number): void {
  const { maxUploadBytes = Infinity } = limits ?? {};
  if (bytes <= maxUploadBytes) return;
  throw new RefusedRequest({
    status: 413,
    code: "Conflict",
    action: "join files from earlier versions",
    state: `together they have more than ${maxUploadBytes} bytes`,
    hint: "Send the files whole, as `data` or `upload`, or join them in several requests.",
  });
}

function tooLarge(maxBytes: number, { isUpload }: { isUpload: boolean }): RefusedRequest {
  return new RefusedRequest({
    status: 413,
    code: "Invalid",
    action: isUpload ? "upload the file" : "read the body",
    state: `it has more than ${maxBytes} bytes`,
    ...isUpload
      ? {
        hint: "Ask the operator of the service to raise maxUploadBytes.",
        reason: { kind: "upload_too_large" },
      }
      : { hint: "Send large files to /uploads or /contents first, and name them in the request." },
    headers: { "connection": "close" },
  });
}

function compressed(encoding: string): RefusedRequest {
  return new RefusedRequest({
    status: 415,
    code: "Unsupported",
    action: "read the body",
    state: `the content encoding ${JSON.stringify(encoding.slice(0, 40))} is not supported`,
    hint: "Send it uncompressed. The option `compress` stores it compressed.",
  });
}

function tooSlow(timeoutMs: number): RefusedRequest {
  return new RefusedRequest({
    status: 408,
    code: "Invalid",
    action: "read the body",
    state: `it did not arrive within ${timeoutMs} ms`,
    hint: "Send it faster, or send large files to /uploads in pieces.",
    headers: { "connection": "close" },
  });
}
