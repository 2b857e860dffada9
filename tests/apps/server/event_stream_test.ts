import { assertEquals } from "@std/assert";
import type { RouteContext } from "../../../apps/server/gateways/gateway.ts";
import type { ServerContext } from "../../../apps/server/routing.ts";
import { answerEvents, type EventSource } from "../../../apps/server/event_stream.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { readEvents } from "./event_text.ts";

const NEVER = new Promise<never>(() => {});

function answer(
  events: EventSource,
  closing = new AbortController().signal,
  sleep = (): Promise<void> => NEVER,
) {
  const system = { ...createScriptedSystem(), sleep };
  const context = { closing, system } as unknown as ServerContext;
  const answered = answerEvents(
    { request: { method: "GET" }, info: {} } as unknown as RouteContext,
    {
      context,
      events,
    },
  );
  return answered.toResponse();
}

Deno.test("events have ids, and the stream ends with them", async () => {
  async function* two() {
    yield { id: "1\n2", event: "step", data: { line: "a\nb" } };
    yield { data: null };
  }
  const response = answer(two);
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  assertEquals(
    await response.text(),
    'retry: 2000\n\nid: 1 2\nevent: step\ndata: {"line":"a\\nb"}\n\ndata: null\n\n',
  );
});

Deno.test("heartbeats are comments", async () => {
  async function* none() {
    await NEVER;
    yield { data: 1 };
  }
  let slept = 0;
  const events = readEvents(answer(none, undefined, () => slept++ < 2 ? Promise.resolve() : NEVER));
  assertEquals(await events.until(":\n\n:\n\n"), "retry: 2000\n\n:\n\n:\n\n");
  await events.leave();
});

Deno.test("events end with the client, with the handler and with a failure", async () => {
  let ended = 0;
  async function* untilAborted(signal: AbortSignal) {
    yield { data: "here" };
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    ended++;
  }
  const left = readEvents(answer(untilAborted));
  await left.until("here");
  await left.leave();

  const closing = new AbortController();
  const closed = readEvents(answer(untilAborted, closing.signal));
  await closed.until("here");
  closing.abort();
  assertEquals(await closed.end(), true);
  assertEquals(ended, 2);

  async function* failing() {
    yield { data: "here" };
    throw new TypeError("broken");
  }
  const broken = readEvents(answer(failing));
  await broken.until("here");
  assertEquals(await broken.end().catch((error) => error.message), "broken");
});
