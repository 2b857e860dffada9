/**
 * Server-sent events (WHATWG HTML, section 9.2).
 *
 * @module
 */
import type { ServerContext } from "./context.ts";
import type { RouteContext } from "./routing.ts";

/** The media type of events. */
export const EVENTS_TYPE = "text/event-stream";

/** An event. */
export interface ServerEvent {
  /** What a client that comes again says it had last. */
  id?: string;
  /** What kind of event it is. @default "message" */
  event?: string;
  /** What it says; sent as JSON. */
  data: unknown;
}

/** Options of {@linkcode answerEvents}. */
export interface EventStreamOptions {
  /** How long nothing happens before a comment says that the stream lives, milliseconds. @default 15000 */
  heartbeatMs?: number;
  /** How soon a client should come again, milliseconds. @default 2000 */
  retryMs?: number;
}

/** Listens to something until the signal. */
export type EventSource = (signal: AbortSignal) => AsyncIterable<ServerEvent>;

/**
 * Answers with events as they come. It ends with them, when the client goes, and when the handler is closed; events that
 * fail break the stream off, so that a client comes again.
 */
export function answerEvents(
  c: RouteContext,
  { context, events }: { context: ServerContext; events: EventSource },
  { heartbeatMs = 15_000, retryMs = 2_000 }: EventStreamOptions = {},
): Response {
  const headers = { "content-type": EVENTS_TYPE, "cache-control": "no-store", "x-accel-buffering": "no" };
  if (c.req.method === "HEAD") return new Response(null, { headers });
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, context.closing, c.req.raw.signal]);
  const iterator = events(signal)[Symbol.asyncIterator]();
  let coming: Promise<IteratorResult<ServerEvent>> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(`retry: ${retryMs}\n\n`)),
    async pull(controller) {
      coming ??= iterator.next();
      const came = await Promise.race([coming, silence(context, { heartbeatMs, signal, until: coming })]);
      if (came === "silent") return controller.enqueue(encoder.encode(":\n\n"));
      coming = undefined;
      if (came === "over" || came.done) {
        controller.close();
        return gone.abort();
      }
      controller.enqueue(encoder.encode(encodeEvent(came.value)));
    },
    async cancel() {
      gone.abort();
      await iterator.return?.();
    },
  }, { highWaterMark: 1 });
  return new Response(body, { headers });
}

/** Resolves when nothing came for so long, or the stream is over; waits no longer than for what comes. */
async function silence(
  { system }: ServerContext,
  { heartbeatMs, signal, until }: { heartbeatMs: number; signal: AbortSignal; until: Promise<unknown> },
): Promise<"silent" | "over"> {
  const came = new AbortController();
  const stop = () => came.abort();
  void until.then(stop, stop);
  try {
    await system.sleep(heartbeatMs, AbortSignal.any([signal, came.signal]));
    return "silent";
  } catch {
    if (!signal.aborted) await until; // it came
    return "over";
  }
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
