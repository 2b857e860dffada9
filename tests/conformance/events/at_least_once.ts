// Cases about groups, whose events come until a handler has ended well.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { messageOf } from "../../../core/errors.ts";
import type { BusEvent } from "../../../extensions/plugins/events/event_bus.ts";
import { aborted, gather, gatherPayloads, gatherTrouble } from "./event_bus_case.ts";
import { given } from "../given.ts";
import type { EventBusCase } from "./event_bus_case.ts";

const sorted = (items: unknown[]) => (items as number[]).toSorted((a, b) => a - b);

/** Cases about at-least-once delivery. */
export const groupCases: readonly EventBusCase[] = [
  given("each group receives every event once", async ({ bus, again }) => {
    const [shared, alone] = [gatherPayloads(), gatherPayloads()];
    await bus.subscribe("a.*", shared.handler, { group: "shared" });
    await (await again()).subscribe("a.*", shared.handler, { group: "shared" });
    await bus.subscribe("a.*", alone.handler, { group: "alone" });
    const numbers = Array.from({ length: 50 }, (_, index) => index);
    for (const number of numbers) await bus.publish("a.b", number);
    await bus.publish("b", 99);
    deepStrictEqual(await alone.until(50), numbers);
    deepStrictEqual(sorted(await shared.until(50)), numbers);
  }),
  given("a group receives events of its absence later", async ({ bus, again }) => {
    const first = gatherPayloads();
    const subscription = await bus.subscribe("a", first.handler, { group: "g" });
    await bus.publish("a", 1);
    await first.until(1);
    await subscription.unsubscribe();
    await bus.publish("a", 2);
    await bus.publish("a", 3);
    const second = gatherPayloads();
    await (await again()).subscribe("a", second.handler, { group: "g" });
    deepStrictEqual(await second.until(2), [2, 3]);
    strictEqual(first.items.length, 1);
  }),
  given("an event is delivered until its handler succeeds", async ({ bus }) => {
    const trouble = gatherTrouble();
    const heard = gather<BusEvent>();
    const next = gatherPayloads();
    await bus.subscribe("a", (event) => {
      if (event.payload === 2) return next.handler(event);
      heard.add(event);
      if (heard.items.length < 3) throw new Error(`failure ${heard.items.length}`);
    }, { group: "g", backoffMs: 0, onTrouble: trouble.onTrouble });
    const published = await bus.publish("a", 1);
    deepStrictEqual(await heard.until(3), [published, published, published]);
    await bus.publish("a", 2);
    await next.until(1);
    strictEqual(heard.items.length, 3);
    deepStrictEqual(
      trouble.items.map((item) => item.trouble === "failed" && [messageOf(item.error), item.again]),
      [
        ["failure 1", true],
        ["failure 2", true],
      ],
    );
  }),
  given("an event that fails too often is dropped and reported", async ({ bus }) => {
    const trouble = gatherTrouble();
    const heard = gatherPayloads();
    const options = { group: "g", attempts: 2, backoffMs: 0, onTrouble: trouble.onTrouble };
    const subscription = await bus.subscribe("a", (event) => {
      if (event.payload === "poison") throw new Error("no");
      heard.handler(event);
    }, options);
    await bus.publish("a", "poison");
    await bus.publish("a", "fine");
    await trouble.until(2);
    await heard.until(1);
    deepStrictEqual(trouble.items.map((item) => item.trouble === "failed" && item.again), [
      true,
      false,
    ]);
    await subscription.unsubscribe();
    const later = gatherPayloads();
    await bus.subscribe("a", later.handler, options);
    await bus.publish("a", "last");
    deepStrictEqual(await later.until(1), ["last"]);
  }),
  given("unfinished events go to another member", async ({ bus, again }) => {
    const trouble = gatherTrouble();
    const begun = gatherPayloads();
    const subscription = await bus.subscribe("a", async (event, { signal }) => {
      begun.handler(event);
      await aborted(signal);
    }, { group: "g", onTrouble: trouble.onTrouble });
    await bus.publish("a", 1);
    await bus.publish("a", 2);
    await begun.until(1);
    await subscription.unsubscribe();
    const other = gatherPayloads();
    await (await again()).subscribe("a", other.handler, { group: "g" });
    deepStrictEqual(sorted(await other.until(2)), [1, 2]);
    deepStrictEqual(trouble.items, []);
  }),
  given("a forgotten group receives only new events", async ({ bus }) => {
    const subscription = await bus.subscribe("a", (_event, { signal }) => aborted(signal), {
      group: "g",
    });
    await bus.publish("a", 1);
    await subscription.unsubscribe({ forgetGroup: true });
    await bus.publish("a", 2);
    const heard = gatherPayloads();
    await bus.subscribe("a", heard.handler, { group: "g" });
    await bus.publish("a", 3);
    deepStrictEqual(await heard.until(1), [3]);
  }),
  given("a group belongs to one pattern", async ({ bus }) => {
    const [one, two] = [gatherPayloads(), gatherPayloads()];
    await bus.subscribe("a.*", one.handler, { group: "g" });
    await bus.subscribe("*.b", two.handler, { group: "g" });
    for (const topic of ["a.b", "a.c", "c.b"]) await bus.publish(topic, topic);
    deepStrictEqual(await one.until(2), ["a.b", "a.c"]);
    deepStrictEqual(await two.until(2), ["a.b", "c.b"]);
  }),
  given("concurrency limits the handlers of a group", async ({ bus }) => {
    const begun = gatherPayloads();
    const goOn = Promise.withResolvers<void>();
    await bus.subscribe("a", async (event) => {
      begun.handler(event);
      await goOn.promise;
    }, { group: "g", concurrency: 3 });
    for (let number = 0; number < 5; number++) await bus.publish("a", number);
    ok((await begun.until(3)).length === 3);
    goOn.resolve();
    deepStrictEqual(await begun.until(5), [0, 1, 2, 3, 4]);
  }),
];
