// Cases about events as streams.
import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { isRegistryError } from "../../../core/errors.ts";
import { given } from "../given.ts";
import type { EventBusCase } from "./event_bus_case.ts";

/** Cases about `listen`. */
export const streamCases: readonly EventBusCase[] = [
  given("a stream has all events since it is ready", async ({ bus, again }) => {
    const events = (await again()).listen("a.*");
    await events.ready;
    await bus.publish("a.b", 1);
    await bus.publish("a.c", 2);
    const heard: unknown[] = [];
    for await (const { topic, payload } of events) {
      heard.push([topic, payload]);
      if (heard.length === 1) await bus.publish("a.d", 3);
      if (heard.length === 3) break;
    }
    deepStrictEqual(heard, [["a.b", 1], ["a.c", 2], ["a.d", 3]]);
  }),
  given("a stream ends with its signal, and with its bus", async ({ bus, again }) => {
    const controller = new AbortController();
    const other = await again();
    const streams = [bus.listen("a", { signal: controller.signal }), other.listen("a")];
    for (const { ready } of streams) await ready;
    const ended = streams.map((stream) => Array.fromAsync(stream));
    controller.abort();
    deepStrictEqual(await ended[0], []);
    await other[Symbol.asyncDispose]();
    deepStrictEqual(await ended[1], []);
  }),
  given("a stream acknowledges an event with the next request", async ({ bus }) => {
    const listen = async (count: number) => {
      const events = bus.listen("a", { group: "g" });
      await events.ready;
      return { events, count };
    };
    const take = async ({ events, count }: Awaited<ReturnType<typeof listen>>) => {
      const heard: unknown[] = [];
      for await (const { payload } of events) if (heard.push(payload) === count) break;
      return heard;
    };
    const first = await listen(2);
    for (const number of [1, 2, 3]) await bus.publish("a", number);
    deepStrictEqual(await take(first), [1, 2]);
    deepStrictEqual((await take(await listen(2))).toSorted(), [2, 3]);
  }),
  given("unknown options are refused", async ({ bus }) => {
    const isInvalid = (error: unknown) => isRegistryError(error, "Invalid");
    for (const options of [{ grup: "g" }, { concurrency: 2 }, Object.create({ grup: "g" }), null]) {
      throws(() => bus.listen("a", options), isInvalid);
    }
    await rejects(() => bus.publish("a", 1, { signl: 1 } as object), isInvalid);
    const subscription = await bus.subscribe("a", () => {});
    await rejects(() => subscription.unsubscribe({ forgetGrup: true } as object), isInvalid);
    await subscription.unsubscribe();
  }),
  given("a stream of an invalid pattern fails", async ({ bus }) => {
    const isInvalid = (error: unknown) => isRegistryError(error, "Invalid");
    const events = bus.listen("no pattern");
    await rejects(() => events.ready, isInvalid);
    await rejects(() => Array.fromAsync(events), isInvalid);
    strictEqual(await events[Symbol.asyncDispose](), undefined);
  }),
];
