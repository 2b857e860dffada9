// One request for a span of an object.
import type { ObjectInfo } from "../../../core/backend.ts";
import { discard } from "./body.ts";
import type { Span } from "../../bucket/parts_in_order.ts";
import type { ArrivingBody } from "../calls.ts";
import { call, fullKey, keyFault, objectInfo } from "../store.ts";
import type { S3Store } from "../store.ts";

export interface RangeReply {
  info: ObjectInfo;
  /** The bytes from `start` to the end of the object or of the span. */
  body: ArrivingBody;
}

/** Asks for a span, of exactly the object with this entity tag where one is given. */
export async function getRange(
  store: S3Store,
  key: string,
  { start, end }: Span,
  { etag, signal, repeat }: { etag?: string; signal?: AbortSignal; repeat?: boolean },
): Promise<RangeReply> {
  const range = {
    Range: `bytes=${start}-${end - 1}`,
    ...(etag === undefined ? {} : { IfMatch: `"${etag}"` }),
  };
  const reply = await call(store, "GetObject", { Key: fullKey(store, key), ...range }, {
    action: "get",
    key,
    signal,
    repeat,
  });
  const body = reply.Body ?? emptyBody();
  const size = parseTotal(reply.ContentRange) ?? (start === 0 ? reply.ContentLength : undefined);
  if (size !== undefined && (reply.ContentRange !== undefined || size <= end)) {
    return { info: objectInfo(key, size, reply), body };
  }
  discard(body);
  throw keyFault(store, key, {
    code: "Unsupported",
    action: "get",
    state: "the store does not answer ranges",
    hint: "Use a store, or a proxy before it, that answers requests with a Range header.",
  });
}

/** The size of the whole object: what stands behind the slash of `bytes 0-9/1000`. */
function parseTotal(contentRange: string | undefined): number | undefined {
  const match = /\/(\d+)$/.exec(contentRange ?? "");
  return match === null ? undefined : Number(match[1]);
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}
