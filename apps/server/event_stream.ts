// Server-sent events (WHATWG HTML, section 9.2).
import type { Access } from "./access/access.ts";
import { whileAllowed } from "./access/guard_route.ts";
import type { GatewayContext, RouteContext } from "./gateways/gateway.ts";
import { Answer } from "./answer.ts";

/** The media type of a stream of events. */
export const EVENTS_TYPE = "text/event-stream";

export interface ServerEvent {
  id?: string;
  /** @default "message" */
  event?: string;
  data: unknown;
}

/** Interval between comments that keep the connection alive, milliseconds. */
const HEARTBEAT_MS = 15_000;
/** Delay before a client reconnects, milliseconds. */
const RETRY_MS = 2_000;

/** @internal */
export type EventSource = (signal: AbortSignal) => AsyncIterable<ServerEvent>;

/**
 * Answers with events as they come. The stream ends with the events, when the client disconnects,
 * when the handler is closed, and at the next event or heartbeat after the token lost its rights.
 * If the events or `onSilence` fail, the stream fails, so the client reconnects. `may` checks
 * further rights.
 */
export function answerEvents(c: RouteContext, { context, events, may, onSilence }: {
  context: Pick<GatewayContext, "closing" | "system">;
  events: EventSource;
  /** Called before each heartbeat. */
  onSilence?: () => Promise<unknown>;
  may?: (access: Access) => boolean;
}): Answer {
  const headers = {
    "content-type": EVENTS_TYPE,
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  };
  if (c.request.method === "HEAD") return new Answer(null, { headers });
  const ended = new AbortController();
  const end = () => ended.abort();
  if (context.closing.aborted) end();
  else context.closing.addEventListener("abort", end, { once: true, signal: ended.signal });
  const iterator = events(ended.signal)[Symbol.asyncIterator]();
  let coming: Promise<IteratorResult<ServerEvent>> | undefined;
  let silence: Promise<"silent" | "ended"> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`)),
    async pull(controller) {
      coming ??= iterator.next();
      silence ??= context.system.sleep(HEARTBEAT_MS, ended.signal)
        .then(() => "silent", () => "ended");
      const came = await Promise.race([coming, silence]);
      if (came === "silent") {
        silence = undefined;
        await onSilence?.();
        return controller.enqueue(encoder.encode(":\n\n"));
      }
      coming = undefined;
      if (came !== "ended" && !came.done) {
        return controller.enqueue(encoder.encode(encodeEvent(came.value)));
      }
      end();
      controller.close();
    },
    cancel() {
      end();
      iterator.return?.().catch(() => {}); // the client has disconnected
    },
  }, { highWaterMark: 1 });
  return new Answer(whileAllowed(c, body, { may, closes: true }), { headers });
}

/** Encodes an event. JSON has no line breaks, and ids must not have any. */
function encodeEvent({ id, event, data }: ServerEvent): string {
  const field = (name: string, text: string | undefined) =>
    text === undefined ? "" : `${name}: ${text.replace(/[\r\n\0]/g, " ")}\n`;
  return `${field("id", id)}${field("event", event)}data: ${JSON.stringify(data)}\n\n`;
}

const encoder = new TextEncoder();
