// Watches a name by server-sent events (HTML standard, section 9.2), and reconnects.
import { checkName, shown } from "../../core/naming/names.ts";
import type { WatchEvent, WatchOptions } from "../../core/registry.ts";
import { backoffMs, withDeadline } from "../../core/retry.ts";
import { artifactPath } from "./address.ts";
import type { Connection } from "./connection.ts";

/** The shortest interval that services accept. */
const MIN_INTERVAL_MS = 100;

export async function* watchRemote(
  connection: Connection,
  name: string,
  { intervalMs, signal }: WatchOptions = {},
): AsyncGenerator<WatchEvent> {
  checkName(name);
  const { system, logger, timeoutMs } = connection;
  const ended = new AbortController();
  const ends = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
  const call = {
    action: `watch ${shown(name)}`,
    path: `${artifactPath(name)}/watch`,
    query: { intervalMs: intervalMs && Math.max(intervalMs, MIN_INTERVAL_MS) },
    headers: { accept: "text/event-stream" },
    signal: ends,
  };
  let last: string | undefined | null = null;
  let failures = 0;
  try {
    while (!signal?.aborted) {
      const response = await connection.request(call).catch((error) => {
        if (!signal?.aborted) throw error;
      });
      if (response === undefined) return; // aborted
      try {
        for await (
          const data of eventsOf(response.body ?? new Blob([]).stream(), {
            signal: ends,
            timeoutMs,
          })
        ) {
          failures = 0;
          const event = JSON.parse(data) as WatchEvent;
          if (event.commit !== last) yield event;
          last = event.commit;
        }
      } catch (error) {
        if (signal?.aborted) return;
        logger.debug(`${call.action}: reconnects: ${(error as Error).message}`);
      }
      if (!signal?.aborted) {
        await system.sleep(backoffMs(++failures, () => system.random()), signal).catch(() => {});
      }
    }
  } finally {
    ended.abort();
  }
}

async function* eventsOf(
  stream: ReadableStream<Uint8Array>,
  { signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number },
): AsyncGenerator<string> {
  const reader = stream.pipeThrough(
    new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>,
  ).getReader();
  const stop = () => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", stop);
  let rest = "", kind = "";
  let data: string[] = [];
  try {
    for (;;) {
      const next = await withDeadline(reader.read(), { timeoutMs }); // heartbeats arrive in time
      if (next.done) return;
      const lines = (rest + next.value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "") {
          if (kind === "latest" && data.length > 0) yield data.join("\n");
          [kind, data] = ["", []];
        } else if (line.startsWith("event:")) kind = line.slice(6).trim();
        else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      }
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}
