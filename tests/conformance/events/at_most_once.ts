// Cases of subscriptions that receive only the events during their lifetime.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { isRegistryError } from "../../../core/errors.ts";
import type { BusEvent } from "../../../extensions/plugins/events/event_bus.ts";
import { aborted, gather, gatherPayloads, gatherTrouble } from "./event_bus_case.ts";
import { given } from "../given.ts";
import type { EventBusCase } from "./event_bus_case.ts";

const isInvalid = (error: unknown) => isRegistryError(error, "Invalid");

/** Cases about at-most-once delivery, the default. */
export const fanOutCases: readonly EventBusCase[] = [
  given("subscribers receive events as published", async ({ bus, again }) => {
    const heard = gather<BusEvent>();
    const payload = { name: "mødel", nested: [1, null, true, { deep: "…" }] };
    for (const place of [bus, await again()]) await place.subscribe("model.trained", heard.add);
    const published = await bus.publish("model.trained", payload);
    strictEqual(published.topic, "model.trained");
    ok(published.at instanceof Date && published.id.length > 0);
    deepStrictEqual(published.payload, payload);
    deepStrictEqual(await heard.until(2), [published, published]);
  }),
  given("a pattern matches segments of a topic", async ({ bus }) => {
    const patterns = ["a.b", "a.*", "*.b", "a.**", "**", "b.*"];
    const heard = patterns.map(() => gatherPayloads());
    for (const [index, pattern] of patterns.entries()) {
      await bus.subscribe(pattern, heard[index].handler);
    }
    for (const topic of ["a.b", "a.c", "c.b", "a.b.c", "a"]) await bus.publish(topic, topic);
    await heard[4].until(5);
    await heard[3].until(3);
    // A late event arrives before this one.
    const last = gatherPayloads();
    await bus.subscribe("end", last.handler);
    await bus.publish("end", null);
    await last.until(1);
    deepStrictEqual(heard.map(({ items }) => items), [
      ["a.b"],
      ["a.b", "a.c"],
      ["a.b", "c.b"],
      ["a.b", "a.c", "a.b.c"],
      ["a.b", "a.c", "c.b", "a.b.c", "a", null],
      [],
    ]);
  }),
  given("events of one publisher arrive in order", async ({ bus, again }) => {
    const heard = gatherPayloads();
    await (await again()).subscribe("**", heard.handler);
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    await Promise.all(numbers.map((number) => bus.publish(`topic.${number % 7}`, number)));
    deepStrictEqual(await heard.until(200), numbers);
  }),
  given("handlers receive their own copy of the payload", async ({ bus }) => {
    const heard = gather<unknown>();
    for (const mark of ["one", "two"]) {
      await bus.subscribe("list", ({ payload }) => {
        (payload as string[]).push(mark);
        heard.add(payload);
      });
    }
    const payload = ["zero"];
    await bus.publish("list", payload);
    deepStrictEqual((await heard.until(2)).map((list) => (list as string[]).length), [2, 2]);
    deepStrictEqual(payload, ["zero"]);
  }),
  given("unsubscribe() aborts and awaits running handlers", async ({ bus }) => {
    const begun = gather<string>();
    const told = gather<unknown>();
    const subscription = await bus.subscribe("a", async (_event, { signal }) => {
      begun.add("begun");
      await aborted(signal).catch(told.add);
    });
    const other = gatherPayloads();
    await bus.subscribe("a", other.handler);
    await bus.publish("a", 1);
    await begun.until(1);
    await bus.publish("a", 2);
    await subscription.unsubscribe();
    strictEqual(told.items.length, 1);
    await bus.publish("a", 3);
    await other.until(3);
    strictEqual(begun.items.length, 1);
    await subscription.unsubscribe(); // twice is once
  }),
  given("the signal of a subscription ends it", async ({ bus }) => {
    const controller = new AbortController();
    const [heard, other] = [gatherPayloads(), gatherPayloads()];
    await bus.subscribe("a", heard.handler, { signal: controller.signal });
    await bus.subscribe("a", other.handler);
    await bus.publish("a", 1);
    await heard.until(1);
    await other.until(1);
    controller.abort();
    await bus.publish("a", 2);
    await other.until(2);
    deepStrictEqual(heard.items, [1]);
  }),
  given("a failing handler is reported, and the next event follows", async ({ bus }) => {
    const trouble = gatherTrouble();
    const heard = gatherPayloads();
    const failure = new Error("no");
    await bus.subscribe("a", (event) => {
      if (event.payload === 1) throw failure;
      heard.handler(event);
    }, { onTrouble: trouble.onTrouble });
    const { id } = await bus.publish("a", 1);
    await bus.publish("a", 2);
    await heard.until(1);
    const [told] = await trouble.until(1);
    ok(
      told.trouble === "failed" && told.event.id === id && told.error === failure && !told.again,
    );
  }),
  given("excess events are dropped and reported", async ({ bus }) => {
    const trouble = gatherTrouble();
    const heard = gatherPayloads();
    const goOn = Promise.withResolvers<void>();
    await bus.subscribe("a", async (event) => {
      heard.handler(event);
      await goOn.promise;
    }, { maxWaiting: 2, onTrouble: trouble.onTrouble });
    await bus.publish("a", 0);
    await heard.until(1);
    for (let number = 1; number <= 5; number++) await bus.publish("a", number);
    await trouble.until(1);
    const all = gatherPayloads();
    await bus.subscribe("b", all.handler);
    await bus.publish("b", null); // by then the last of the others has come
    await all.until(1);
    goOn.resolve();
    await trouble.until(2);
    deepStrictEqual(trouble.items.map((item) => item.trouble === "lost" && item.count), [1, 2]);
    await heard.until(3);
    deepStrictEqual(heard.items, [0, 1, 2]);
  }),
  given("concurrency limits running handlers", async ({ bus }) => {
    const begun = gather<unknown>();
    const goOn = Promise.withResolvers<void>();
    await bus.subscribe("a", async ({ payload }) => {
      begun.add(payload);
      await goOn.promise;
    }, { concurrency: 2 });
    for (const number of [1, 2, 3]) await bus.publish("a", number);
    deepStrictEqual(await begun.until(2), [1, 2]);
    goOn.resolve();
    await begun.until(3);
  }),
  given("invalid topics, payloads and options are rejected", async ({ bus }) => {
    await rejects(() => bus.publish("no topic", 1), isInvalid);
    await rejects(() => bus.publish("a.*", 1), isInvalid);
    await rejects(() => bus.publish("a", { when: new Date(0) } as never), isInvalid);
    await rejects(() => bus.publish("a", "x".repeat(300_000)), isInvalid);
    for (const pattern of ["", "a.**.b", "a*"]) {
      await rejects(() => bus.subscribe(pattern, () => {}), isInvalid);
    }
    await rejects(() => bus.subscribe("a", undefined as never), isInvalid);
    const wrong = [
      { concurrency: 0 },
      { maxWaiting: 1.5 },
      { attempts: 0 },
      {
        group: "a b",
      },
      { backoffMs: -1 },
    ];
    for (const options of wrong) {
      await rejects(() => bus.subscribe("a", () => {}, options), isInvalid);
    }
  }),
  given("an aborted signal fails every method with its reason", async ({ bus }) => {
    const heard = gatherPayloads();
    await bus.subscribe("**", heard.handler);
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await rejects(() => bus.publish("a", 1, { signal }), reason);
    await rejects(() => bus.subscribe("a", () => {}, { signal }), reason);
    await bus.publish("b", 2);
    deepStrictEqual(await heard.until(1), [2]);
  }),
  given("a closed bus rejects calls", async ({ again }) => {
    const bus = await again();
    await bus[Symbol.asyncDispose]();
    await bus[Symbol.asyncDispose]();
    await rejects(() => bus.publish("a", 1), isInvalid);
    await rejects(() => bus.subscribe("a", () => {}), isInvalid);
  }),
];
