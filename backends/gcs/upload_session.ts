// A resumable upload: a session of the store that takes parts in order. After a failure the session
// says how much it has, and the rest is sent again: it also knows whether it ended, so that a lost
// reply leaves no doubt. https://cloud.google.com/storage/docs/performing-resumable-uploads
import type { RegistryError } from "../../core/errors.ts";
import { isPassing } from "../../core/retry.ts";
import { type GcsApi, objectPath } from "./api.ts";
import { type FailedCall, failure, faultError, replyError } from "./errors.ts";
import type { HttpFault, HttpReply } from "./exchange.ts";

/** An object that is being written. */
export interface Upload {
  key: string;
  /** Whether only where no object is. */
  create: boolean;
  /** Query of the request that says what it will be. */
  query: Record<string, string | number | undefined>;
  /** The object's resource, without its checksum. */
  resource: { name: string; contentType: string; [field: string]: unknown };
  signal?: AbortSignal;
}

export interface Part {
  pieces: Uint8Array[];
  size: number;
}

export interface Whole {
  size: number;
  checksum: string;
}

const CANCEL_MS = 2_000;

/** Opens a session; "exists" where a create has lost already. */
export async function startSession(
  api: GcsApi,
  upload: Upload,
  size?: number,
): Promise<UploadSession | "exists"> {
  const { key, create, query, resource, signal } = upload;
  const call: FailedCall = { action: "put", key, backend: api.place.location };
  const reply = await api.call({
    ...call,
    method: "POST",
    path: `/upload${objectPath(api.place)}`,
    query: { ...query, uploadType: "resumable", name: resource.name },
    headers: {
      "content-type": "application/json; charset=UTF-8",
      "x-upload-content-type": resource.contentType,
      ...(size === undefined ? {} : { "x-upload-content-length": String(size) }),
    },
    body: [new TextEncoder().encode(JSON.stringify(resource))],
    answers: create ? [412] : [],
    signal,
  });
  if (reply.status === 412) return "exists";
  const { location } = reply.headers;
  if (location !== undefined) return new UploadSession(api, upload, location);
  throw failure("the store opened no upload session", call, {
    code: "Unsupported",
    hint: "This does not look like Google Cloud Storage: check the endpoint.",
  });
}

/** A session. Its URL lets anybody write who knows it: it is never told. */
export class UploadSession {
  readonly #api: GcsApi;
  readonly #upload: Upload;
  readonly #url: string;
  readonly #call: FailedCall;
  /** Of the part. */
  #offset = 0;
  #over = false;

  constructor(api: GcsApi, upload: Upload, url: string) {
    this.#api = api;
    this.#upload = upload;
    this.#url = url;
    this.#call = { action: "put", key: upload.key, backend: api.place.location };
  }

  /** Sends the next part. The reply to the last, which comes with `whole`, describes the object, or is 412 where a create lost. */
  async send(part: Part, whole?: Whole): Promise<HttpReply> {
    const end = this.#offset + part.size;
    const state = { from: this.#offset, known: true }; // whether `from` is where the session is
    const reply = await this.#api.persist(() => this.#goOn(part, { state, end, whole }), {
      ...this.#call,
      signal: this.#upload.signal,
      passes: (error) => !this.#over && isPassing(error),
    });
    if (whole === undefined && reply.status < 300) throw this.#broken("it ended early");
    this.#offset = end;
    return reply;
  }

  /** Ends the session, as far as the store can be reached. An object that is complete stays. */
  async cancel(): Promise<void> {
    const signal = AbortSignal.timeout(CANCEL_MS);
    const request = { method: "DELETE", url: this.#url, headers: {}, signal };
    await this.#api.exchange(request).catch(() => {});
  }

  async #goOn(
    part: Part,
    { state, end, whole }: { state: { from: number; known: boolean }; end: number; whole?: Whole },
  ): Promise<HttpReply> {
    for (;;) {
      const from = state.known ? state.from : undefined;
      state.known = false;
      const answer = await this.#exchange(part, { from, end, whole });
      const lost = "fault" in answer ? answer.sent : answer.status >= 500;
      if (lost && whole !== undefined) this.#call.maybeWritten = true;
      const reply = this.#heard(answer);
      if (reply.status !== 308) return reply;
      const has = this.#kept(reply, end);
      if (has === end && whole === undefined) return reply;
      if (has === end || has === from) {
        throw failure("its upload session stands still", this.#call, {
          code: "Unavailable",
          hint: "Put it again.",
        });
      }
      state.from = has;
      state.known = true;
    }
  }

  /** Sends the part from a byte of the object on; without it, asks how many bytes the session has. */
  async #exchange(
    part: Part,
    { from, end, whole }: { from?: number; end: number; whole?: Whole },
  ): Promise<HttpReply | HttpFault> {
    const total = whole === undefined ? "*" : String(whole.size);
    const request = { method: "PUT", url: this.#url, signal: this.#upload.signal };
    if (from === undefined) {
      const headers = { "content-range": `bytes */${total}` };
      return await this.#api.exchange({ ...request, headers, body: [] });
    }
    const headers = {
      "content-range": `bytes ${from}-${end - 1}/${total}`,
      ...(whole === undefined ? {} : { "x-goog-hash": `crc32c=${whole.checksum}` }),
    };
    const body = piecesFrom(part, from - this.#offset);
    return await this.#api.exchange({ ...request, headers, body });
  }

  /** What the session says; throws where it says nothing, or its end. */
  #heard(reply: HttpReply | HttpFault): HttpReply {
    const call = this.#call;
    if ("fault" in reply) throw faultError(reply, call);
    const { status } = reply;
    const isLost = status === 412 && this.#upload.create && !call.maybeWritten;
    if (status < 300 || status === 308 || isLost) return reply;
    if (status === 412 || status === 404 || status === 410) {
      throw this.#broken("the store no longer knows it");
    }
    throw replyError(reply, call);
  }

  /** How many bytes the session has; of those before `offset` this program has none any more. */
  #kept({ headers }: HttpReply, end: number): number {
    const range = /^bytes=0-(\d+)$/.exec(String(headers.range ?? ""));
    const size = range === null ? 0 : Number(range[1]) + 1;
    if (size < this.#offset || size > end) {
      throw this.#broken(`it has ${size} bytes, which cannot be`);
    }
    return size;
  }

  #broken(state: string): RegistryError {
    this.#over = true;
    return failure(`its upload session failed: ${state}`, this.#call, {
      code: "Unavailable",
      hint: "Put it again.",
    });
  }
}

function piecesFrom({ pieces }: Part, skip: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  for (const piece of pieces) {
    if (skip < piece.byteLength) rest.push(piece.subarray(skip));
    skip = Math.max(0, skip - piece.byteLength);
  }
  return rest;
}
