// How large the body of a request may be, and how long it may take. What is uploaded has no limit
// here: it is written as it comes, and nobody holds it.
import type { System } from "../../../mod.ts";
import type { HandlerLimits } from "../options.ts";
import { pathOf } from "../routing.ts";
import { RefusedRequest } from "../problem.ts";

/** Where bytes are written as they come. What is below `/uploads/presigned` is JSON, also where a `%` hides that. */
const UPLOADS = /^\/(contents|upload|uploads|uploads\/(?!presigned(\?|$))[^/?%]*)(\?|$)/;

/**
 * The request, whose body fails, and tells `onRefuse` why, once it is too large or too slow. What says at once that it is too large is refused
 * before a byte is read; what is compressed is refused too, as nobody knows what it will be.
 */
export function limitBody(
  request: Request,
  limits: Required<Omit<HandlerLimits, "requestsPerSecond">>,
  { system, onRefuse }: {
    system: Pick<System, "sleep">;
    onRefuse?: (reason: RefusedRequest) => void;
  },
): Request {
  if (request.body === null || request.method === "GET" || request.method === "HEAD") {
    return request;
  }
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") throw compressed(encoding);
  const isUpload = UPLOADS.test(pathOf(request.url));
  const maxBytes = isUpload ? limits.maxUploadBytes : limits.maxBodyBytes;
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) > maxBytes) throw tooLarge(maxBytes);
  if (isUpload && (length !== null || maxBytes === Infinity)) return request;
  const body = limited(request.body, {
    maxBytes,
    timeoutMs: isUpload ? undefined : limits.bodyTimeoutMs,
    system,
    onRefuse,
  });
  const { url, method, headers, signal } = request;
  return new Request(url, { method, headers, signal, body, duplex: "half" } as RequestInit);
}

function limited(
  body: ReadableStream<Uint8Array>,
  { maxBytes, timeoutMs, system, onRefuse }: {
    maxBytes: number;
    timeoutMs?: number;
    system: Pick<System, "sleep">;
    onRefuse?: (reason: RefusedRequest) => void;
  },
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  const done = new AbortController();
  const late = timeoutMs === undefined
    ? undefined
    : system.sleep(timeoutMs, done.signal).then(() => {
      throw tooSlow(timeoutMs);
    });
  late?.catch(() => {}); // whoever reads hears of it
  let bytes = 0;
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done: ended, value } =
          await (late === undefined ? reader.read() : Promise.race([reader.read(), late]));
        if (ended) {
          done.abort();
          return controller.close();
        }
        bytes += value.length;
        if (bytes > maxBytes) throw tooLarge(maxBytes);
        controller.enqueue(value as Uint8Array<ArrayBuffer>);
      } catch (error) {
        done.abort();
        void reader.cancel(error).catch(() => {});
        if (error instanceof RefusedRequest) onRefuse?.(error);
        throw error;
      }
    },
    async cancel(reason) {
      done.abort();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

function tooLarge(maxBytes: number): RefusedRequest {
  return new RefusedRequest({
    status: 413,
    code: "Invalid",
    message: `Cannot take the body: it has more than ${maxBytes} bytes`,
    hint: "Send large files to /uploads or /contents first, and name them in the request.",
    headers: { "connection": "close" },
  });
}

function compressed(encoding: string): RefusedRequest {
  return new RefusedRequest({
    status: 415,
    code: "Unsupported",
    message: `Cannot take a body with the content encoding ${
      JSON.stringify(encoding.slice(0, 40))
    }: it is not unpacked here`,
    hint: "Send it as it is; `compress` lets it be stored compressed.",
  });
}

function tooSlow(timeoutMs: number): RefusedRequest {
  return new RefusedRequest({
    status: 408,
    code: "Invalid",
    message: `Cannot read the body: it was not here after ${timeoutMs} ms`,
    hint: "Send it at once, or send large files to /uploads, where each piece counts.",
    headers: { "connection": "close" },
  });
}
