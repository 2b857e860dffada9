import { assert, assertEquals } from "@std/assert";
import { Redis } from "npm:ioredis@^5";
import type { BusTrouble } from "../../../../extensions/plugins/events/event_bus.ts";
import { aborted, gather, gatherPayloads } from "../../../conformance/events/event_bus_case.ts";
import { testEventBus } from "../../../conformance/events.ts";
import { openRedisBus } from "../../../../extensions/plugins/events/redis.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";

let buses = 0;

testEventBus((name, fn) => {
  programTest(name, "redis", async ({ shared }) => {
    url = (await shared()).url;
    await fn();
  });
}, async () => {
  const place = `${url}?bus=case-${buses++}`;
  return { bus: await openRedisBus(place), again: () => openRedisBus(place) };
}, { name: "redis bus" });

let url = "";

/** A client as other programs have one. */
async function connect(url: string) {
  const client = new Redis(url);
  await client.ping();
  return Object.assign(client, { [Symbol.asyncDispose]: async () => void await client.quit() });
}

const stream = (name: string) => `{${name}:events}:stream`;

programTest("without groups nothing is stored", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using bus = await openRedisBus(`${url}?bus=plain`);
  await using client = await connect(url);
  const heard = gatherPayloads();
  await bus.subscribe("a", heard.handler);
  await bus.publish("a", 1);
  await heard.until(1);
  assertEquals(await client.keys("*plain*"), []);
});

programTest("acknowledged events and forgotten groups are deleted", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using bus = await openRedisBus(`${url}?bus=trimmed`);
  await using client = await connect(url);
  const [heard, later] = [gatherPayloads(), gatherPayloads()];
  const early = await bus.subscribe("a", heard.handler, { group: "early" });
  const late = await bus.subscribe("a", later.handler, { group: "late" });
  await late.unsubscribe();
  for (let number = 0; number < 300; number++) await bus.publish("a", number);
  await heard.until(300);
  await early.unsubscribe();
  assertEquals(await client.xlen(stream("trimmed")), 300); // the other group needs them
  const again = await bus.subscribe("a", later.handler, { group: "late" });
  await later.until(300);
  await again.unsubscribe();
  assertEquals(await client.xlen(stream("trimmed")), 1);
  assertEquals(await client.xinfo("CONSUMERS", stream("trimmed"), "late a"), []);
  await early.unsubscribe({ forgetGroup: true });
  await again.unsubscribe({ forgetGroup: true });
  assertEquals(await client.exists(stream("trimmed")), 0);
});

programTest("events for absent groups are bounded", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using bus = await openRedisBus(`${url}?bus=bounded`, { maxEvents: 100 });
  await using client = await connect(url);
  const subscription = await bus.subscribe("a", () => {}, { group: "gone" });
  await subscription.unsubscribe();
  for (let number = 0; number < 1_000; number++) await bus.publish("a", number);
  assert(await client.xlen(stream("bounded")) <= 300);
});

programTest("a group reports how many events it lost", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using bus = await openRedisBus(`${url}?bus=lost`, { maxEvents: 100 });
  const [heard, trouble] = [gatherPayloads(), gather<BusTrouble>()];
  const goOn = Promise.withResolvers<void>();
  await bus.subscribe("a", async (event) => {
    await heard.handler(event);
    await goOn.promise;
  }, { group: "slow", onTrouble: trouble.add });
  await bus.publish("a", 0);
  await heard.until(1);
  for (let number = 1; number < 1_000; number++) await bus.publish("a", number);
  goOn.resolve();
  await trouble.until(1);
  for (let count = 2; heard.items.at(-1) !== 999; count++) await heard.until(count);
  const lost = trouble.items.flatMap((told) => told.trouble === "lost" ? [told.count] : []);
  assertEquals([lost.length, heard.items.length + lost[0]], [1, 1_000]);
});

programTest("events of a dead member are taken over", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using bus = await openRedisBus(`${url}?bus=dead`, { takeOverAfterMs: 300 });
  await using client = await connect(url);
  const first = await bus.subscribe("a", () => {}, { group: "g" });
  await first.unsubscribe();
  for (const number of [1, 2, 3]) await bus.publish("a", number);
  const read = await client.xreadgroup(
    "GROUP",
    "g a",
    "dead",
    "COUNT",
    2,
    "STREAMS",
    stream("dead"),
    ">",
  );
  assertEquals((read as [string, unknown[]][])[0][1].length, 2);
  const heard = gatherPayloads();
  await bus.subscribe("a", heard.handler, { group: "g" });
  assertEquals((await heard.until(3) as number[]).toSorted(), [1, 2, 3]);
});

programTest("a slow handler keeps its event", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using bus = await openRedisBus(`${url}?bus=long`, { takeOverAfterMs: 2_000 });
  await using client = await connect(url);
  const begun = gather<unknown>();
  const goOn = Promise.withResolvers<void>();
  const other = gatherPayloads();
  await bus.subscribe("a", async ({ payload }) => {
    begun.add(payload);
    await goOn.promise;
  }, { group: "g" });
  await bus.publish("a", "long");
  await begun.until(1);
  await bus.subscribe("a", other.handler, { group: "g" });
  // Without its four renewals, another consumer has the message by now.
  const [id] = (await client.xpending(stream("long"), "g a", "-", "+", 1) as [string][])[0];
  let renewed = 0;
  for (let before = 0; renewed < 4;) {
    const [[, , idle]] = await client.xpending(stream("long"), "g a", id, id, 1) as [
      string,
      string,
      number,
    ][];
    if (idle < before) renewed++;
    before = idle;
  }
  goOn.resolve();
  await bus.publish("a", "next");
  await Promise.race([begun.until(2), other.until(1)]);
  assertEquals([...begun.items, ...other.items], ["long", "next"]);
});

programTest("a handler whose event was taken over is aborted", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using bus = await openRedisBus(`${url}?bus=stolen`, { takeOverAfterMs: 300 });
  await using client = await connect(url);
  const [begun, told] = [gather<unknown>(), gather<unknown>()];
  await bus.subscribe("a", async ({ payload }, { signal }) => {
    begun.add(payload);
    if (payload === 1) await aborted(signal).catch(told.add);
  }, { group: "g" });
  await bus.publish("a", 1);
  await begun.until(1);
  const [id] = (await client.xpending(stream("stolen"), "g a", "-", "+", 1) as [string][])[0];
  await client.xclaim(stream("stolen"), "g a", "thief", 0, id);
  assertEquals(await told.until(1), ["taken over"]);
  await bus.publish("a", 2);
  assertEquals(await begun.until(2), [1, 2]);
});

programTest("subscriptions survive a restart of the server", "redis", async ({ own }) => {
  await using server = await own();
  await using bus = await openRedisBus(server.url, { answerWithinMs: 30_000 });
  const [plain, grouped, trouble] = [gatherPayloads(), gatherPayloads(), gather<BusTrouble>()];
  await bus.subscribe("a", plain.handler, { onTrouble: trouble.add });
  await bus.subscribe("a", grouped.handler, { group: "g" });
  await bus.publish("a", 1);
  await plain.until(1);
  await grouped.until(1);
  await server.kill();
  await trouble.until(1);
  assertEquals(trouble.items[0].trouble, "unreachable");
  await server.start();
  // The subscriptions return eventually and receive all later events.
  let sent = 1;
  const back = Promise.all([plain.until(2), grouped.until(3)]).then(() => sent = Infinity);
  while (sent < Infinity) {
    // Calls under way fail when the connection breaks.
    await bus.publish("a", ++sent).catch((error) => assertEquals(error.code, "Unavailable"));
  }
  await back;
});

programTest("subscriptions survive a server that lost its data", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using bus = await openRedisBus(`${url}/3`, { takeOverAfterMs: 200 });
  await using client = await connect(`${url}/3`);
  const [heard, again] = [gatherPayloads(), Promise.withResolvers<void>()];
  const onTrouble = (told: BusTrouble) =>
    told.trouble === "unreachable" && told.reason.includes("lost the group") &&
    again.resolve();
  await bus.subscribe("a", heard.handler, { group: "g", onTrouble });
  await bus.publish("a", 1);
  await heard.until(1);
  await client.flushdb();
  await again.promise;
  await bus.publish("a", 2);
  assertEquals(await heard.until(2), [1, 2]);
});

programTest("messages of other programs are ignored", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using bus = await openRedisBus(`${url}?bus=foreign`);
  await using client = await connect(url);
  const [plain, grouped] = [gatherPayloads(), gatherPayloads()];
  await bus.subscribe("a", plain.handler);
  await bus.subscribe("a", grouped.handler, { group: "g" });
  const foreign = [
    '{"id":1}',
    '{"id":"1","topic":"a","at":"x","payload":1}',
    '{"id":"","topic":"a","at":1,"payload":1}',
  ];
  foreign.push(
    '{"id":"1","topic":"a","at":1e300,"payload":1}',
    `{"id":"${"x".repeat(500)}","topic":"a","at":1,"payload":1}`,
  );
  for (const text of ["", "{", "null", "7", ...foreign]) {
    await client.publish("foreign:events:a", text);
    await client.xadd(stream("foreign"), "*", "event", text);
  }
  await client.xadd(stream("foreign"), "*", "other", "field");
  await bus.publish("a", "ours");
  assertEquals([await plain.until(1), await grouped.until(1)], [["ours"], ["ours"]]);
});
