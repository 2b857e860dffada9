// Resumable uploads: a session of the store receives parts in order. After a failure it reports how
// many bytes it has, or that the upload is complete, so that a lost reply leaves no doubt.
// https://cloud.google.com/storage/docs/performing-resumable-uploads
import type { RegistryError } from "../../core/errors.ts";
import { isPassing } from "../../core/retry.ts";
import { type GcsApi, objectPath } from "./api.ts";
import { type FailedCall, failure, faultError, foreignReply, replyError } from "./errors.ts";
import type { HttpFault, HttpReply } from "./exchange.ts";

export interface Upload {
  key: string;
  create: boolean;
  query: Record<string, string | number | undefined>;
  /** The resource without its checksum. */
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

/** Opens a session; returns "exists" if a create has already lost. */
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
  throw foreignReply("the reply contains no upload session", call);
}

/** An upload session. Its URL is a secret: it grants write access. */
export class UploadSession {
  readonly #api: GcsApi;
  readonly #upload: Upload;
  readonly #url: string;
  readonly #call: FailedCall;
  /** Start of the current part. */
  #offset = 0;
  #over = false;

  constructor(api: GcsApi, upload: Upload, url: string) {
    this.#api = api;
    this.#upload = upload;
    this.#url = url;
    this.#call = { action: "put", key: upload.key, backend: api.place.location };
  }

  /** Sends the next part. The reply to the last (with `whole`) describes the object, or is 412. */
  async send(part: Part, whole?: Whole): Promise<HttpReply> {
    const end = this.#offset + part.size;
    const state = { from: this.#offset, known: true };
    const reply = await this.#api.persist(() => this.#goOn(part, { state, end, whole }), {
      ...this.#call,
      body: part.pieces,
      signal: this.#upload.signal,
      passes: (error) => !this.#over && isPassing(error),
    });
    if (whole === undefined && reply.status < 300) throw this.#broken("it completed early");
    this.#offset = end;
    return reply;
  }

  /** Cancels the session if the store can be reached. A complete object stays. */
  async cancel(): Promise<void> {
    const signal = AbortSignal.timeout(CANCEL_MS);
    const request = { method: "DELETE", url: this.#url, headers: {}, signal };
    await this.#api.exchange(request).catch(() => {});
  }

  /** @param state the offset of the session; `known` is false after a failure */
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
      const reply = this.#checked(answer);
      if (reply.status !== 308) return reply;
      const has = this.#received(reply, end);
      if (has === end && whole === undefined) return reply;
      if (has === end || has === from) throw this.#failure("its upload session makes no progress");
      state.from = has;
      state.known = true;
    }
  }

  /** Sends the part from offset `from`; without it, asks how many bytes the session has. */
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

  /** Returns a reply that continues or completes the session; throws for all others. */
  #checked(reply: HttpReply | HttpFault): HttpReply {
    const call = this.#call;
    if ("fault" in reply) throw faultError(reply, call);
    const { status } = reply;
    const isLost = status === 412 && this.#upload.create && !call.maybeWritten;
    if (status < 300 || status === 308 || isLost) return reply;
    if (status === 412 || status === 404 || status === 410) {
      throw this.#broken("the store has forgotten it");
    }
    throw replyError(reply, call);
  }

  /** Returns how many bytes the session has. Those before `offset` cannot be sent again. */
  #received({ headers }: HttpReply, end: number): number {
    const range = /^bytes=0-(\d+)$/.exec(String(headers.range ?? ""));
    const size = range === null ? 0 : Number(range[1]) + 1;
    if (size < this.#offset || size > end) {
      throw this.#broken(`it reports ${size} bytes, which is impossible`);
    }
    return size;
  }

  #broken(state: string): RegistryError {
    this.#over = true;
    return this.#failure(`its upload session failed: ${state}`);
  }

  #failure(state: string): RegistryError {
    return failure(state, this.#call, { code: "Unavailable", hint: "Put it again." });
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
