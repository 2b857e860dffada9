// `GET /artifacts/{name}/watch`
import { checkName, type Registry, type WatchOptions } from "../../../mod.ts";
import type { ServerContext } from "../context.ts";
import { route } from "../describe.ts";
import { answerEvents, EVENTS_TYPE, type ServerEvent } from "../event_stream.ts";
import type { Routes } from "../routing.ts";
import { WatchQuery } from "../schemas/reading.ts";

/** What an event says where there is no version. */
const NONE = "none";

export function watchRoutes(routes: Routes, context: ServerContext): void {
  route(routes, "GET /artifacts/:name/watch", {
    id: "watchName",
    tag: "artifacts",
    summary: "Tells what the latest version is, and again whenever it is another one",
    description:
      "Server-sent events `latest`, whose data are `{ name, version?, commit? }` and whose id is the " +
      "commit. A client that comes again with `Last-Event-ID` is only told of another one.",
    scope: "read",
    requestHeaders: { "last-event-id": "The id of the last event that the client had" },
    answers: {
      200: {
        description: "Events, until the client goes",
        content: { [EVENTS_TYPE]: { schema: { type: "string" } } },
      },
    },
    query: WatchQuery,
    answer: ({ c, params: { name }, query }) => {
      checkName(name);
      const { intervalMs } = query;
      const known = c.req.header("last-event-id");
      const events = (signal: AbortSignal) =>
        latestOf(context.registry, name, { known, intervalMs, signal });
      return answerEvents(c, { context, events });
    },
  });
}

async function* latestOf(
  registry: Registry,
  name: string,
  { known, ...options }: WatchOptions & { known?: string },
): AsyncGenerator<ServerEvent> {
  let last = known;
  for await (const latest of registry.watch(name, options)) {
    const id = latest.commit ?? NONE;
    if (id !== last) yield { id, event: "latest", data: latest };
    last = undefined; // only the first may be known
  }
}
