// Server-sent events (WHATWG HTML, section 9.2).
import type { Access } from "./access/access.ts";
import { whileAllowed } from "./access/guard_route.ts";
import type { RouteContext, ServerContext } from "./routing.ts";

export const EVENTS_TYPE = "text/event-stream";

export interface ServerEvent {
  id?: string;
  /** What kind of event it is. @default "message" */
  event?: string;
  data: unknown;
}

export interface EventStreamOptions {
  /** How often a comment says that the stream lives, milliseconds. @default 15000 */
  heartbeatMs?: number;
  /** How soon a client should come again, milliseconds. @default 2000 */
  retryMs?: number;
}

export type EventSource = (signal: AbortSignal) => AsyncIterable<ServerEvent>;

/**
 * Answers with events as they come. It ends with them, when the client goes, when the handler is closed, and when the
 * token no longer allows it, at the latest with the next heartbeat. A failure of the events breaks the stream off, so
 * the client reconnects. `may` checks further rights of the token.
 */
export function answerEvents(
  c: RouteContext,
  { context, events, may }: {
    context: ServerContext;
    events: EventSource;
    may?: (access: Access) => boolean;
  },
  { heartbeatMs = 15_000, retryMs = 2_000 }: EventStreamOptions = {},
): Response {
  const headers = {
    "content-type": EVENTS_TYPE,
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  };
  if (c.req.method === "HEAD") return new Response(null, { headers });
  const over = new AbortController();
  const end = () => over.abort();
  if (context.closing.aborted) end();
  else context.closing.addEventListener("abort", end, { once: true, signal: over.signal });
  const iterator = events(over.signal)[Symbol.asyncIterator]();
  let coming: Promise<IteratorResult<ServerEvent>> | undefined;
  let silence: Promise<"silent" | "over"> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(`retry: ${retryMs}\n\n`)),
    async pull(controller) {
      coming ??= iterator.next();
      silence ??= context.system.sleep(heartbeatMs, over.signal).then(() => "silent", () => "over");
      const came = await Promise.race([coming, silence]);
      if (came === "silent") {
        silence = undefined;
        return controller.enqueue(encoder.encode(":\n\n"));
      }
      coming = undefined;
      if (came !== "over" && !came.done) {
        return controller.enqueue(encoder.encode(encodeEvent(came.value)));
      }
      end();
      controller.close();
    },
    cancel() {
      end();
      iterator.return?.().catch(() => {}); // nobody is there to hear of it
    },
  }, { highWaterMark: 1 });
  return new Response(whileAllowed(c, body, { may, closes: true }), { headers });
}

/** An event as text: what JSON says has no line ends in it, and an id must have none. */
function encodeEvent({ id, event, data }: ServerEvent): string {
  const lines = [
    ...(id === undefined ? [] : [`id: ${oneLine(id)}`]),
    ...(event === undefined ? [] : [`event: ${oneLine(event)}`]),
    `data: ${JSON.stringify(data)}`,
  ];
  return `${lines.join("\n")}\n\n`;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\0]/g, " ");
}

const encoder = new TextEncoder();
