// A resumable upload: a session of the store that takes parts in order. After a failure the session
// says how much it has, and the rest is sent again: it also knows whether it ended, so that a lost
// reply leaves no doubt. https://cloud.google.com/storage/docs/performing-resumable-uploads
import { isPassing } from "../../core/retry.ts";
import { objectPath } from "./api.ts";
import type { GcsApi } from "./api.ts";
import { failure, faultError, replyError } from "./errors.ts";
import type { FailedCall } from "./errors.ts";
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

/** A session. Its URL lets anybody write who knows it: it is never told. */
export interface UploadSession {
  /** Sends the next part. The reply to the last, which comes with `whole`, describes the object, or is 412 where a create lost. */
  send(part: Part, whole?: Whole): Promise<HttpReply>;
  /** Ends the session, as far as the store can be reached. An object that is complete stays. */
  cancel(): Promise<void>;
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
  if (location !== undefined) return createSession(api, upload, location);
  throw failure("the store opened no upload session", call, {
    code: "Unsupported",
    hint: "This does not look like Google Cloud Storage: check the endpoint.",
  });
}

function createSession(api: GcsApi, { key, create, signal }: Upload, url: string): UploadSession {
  const call: FailedCall = { action: "put", key, backend: api.place.location };
  let offset = 0; // of the part
  let over = false;

  /** What the session says; throws where it says nothing, or its end. */
  function heard(reply: HttpReply | HttpFault): HttpReply {
    if ("fault" in reply) throw faultError(reply, call);
    const { status } = reply;
    if (status < 300 || status === 308 || status === 412 && create && !call.maybeWritten) {
      return reply;
    }
    if (status === 412 || status === 404 || status === 410) {
      throw broken("the store no longer knows it");
    }
    throw replyError(reply, call);
  }

  function broken(state: string) {
    over = true;
    return failure(`its upload session failed: ${state}`, call, {
      code: "Unavailable",
      hint: "Put it again.",
    });
  }

  /** How many bytes the session has; of those before `offset` this program has none any more. */
  function kept({ headers }: HttpReply, end: number): number {
    const range = /^bytes=0-(\d+)$/.exec(String(headers.range ?? ""));
    const size = range === null ? 0 : Number(range[1]) + 1;
    if (size < offset || size > end) throw broken(`it has ${size} bytes, which cannot be`);
    return size;
  }

  async function send(part: Part, whole?: Whole): Promise<HttpReply> {
    const end = offset + part.size;
    const total = whole === undefined ? "*" : String(whole.size);
    const sum: Record<string, string> = whole === undefined
      ? {}
      : { "x-goog-hash": `crc32c=${whole.checksum}` };
    let from = offset;
    let known = true; // whether `from` is where the session is

    const goOn = async (): Promise<HttpReply> => {
      for (;;) {
        const asking = !known;
        known = false;
        const range = asking ? `bytes */${total}` : `bytes ${from}-${end - 1}/${total}`;
        const headers = { "content-range": range, ...(asking ? {} : sum) };
        const body = asking ? [] : piecesFrom(part, from - offset);
        const answer = await api.exchange({ method: "PUT", url, headers, body, signal });
        const lost = "fault" in answer ? answer.sent : answer.status >= 500;
        if (lost && whole !== undefined) call.maybeWritten = true;
        const reply = heard(answer);
        if (reply.status !== 308) return reply;
        const has = kept(reply, end);
        if (has === end && whole === undefined) return reply;
        if (has === end || !asking && has === from) {
          throw failure("its upload session stands still", call, {
            code: "Unavailable",
            hint: "Put it again.",
          });
        }
        from = has;
        known = true;
      }
    };
    const reply = await api.persist(goOn, {
      ...call,
      signal,
      passes: (error) => !over && isPassing(error),
    });
    if (whole === undefined && reply.status < 300) throw broken("it ended early");
    offset = end;
    return reply;
  }

  return {
    send,
    async cancel() {
      const signal = AbortSignal.timeout(CANCEL_MS);
      await api.exchange({ method: "DELETE", url, headers: {}, signal }).catch(() => {});
    },
  };
}

function piecesFrom({ pieces }: Part, skip: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  for (const piece of pieces) {
    if (skip < piece.byteLength) rest.push(piece.subarray(skip));
    skip = Math.max(0, skip - piece.byteLength);
  }
  return rest;
}
