import { assertEquals, assertMatch } from "@std/assert";
import { createMemoryBackend, mirrorRegistry, openRegistry } from "../../../mod.ts";
import type { OpenOptions } from "../../../mod.ts";
import type { EventPublisher } from "../../../core/services/event_bus.ts";
import type { RegistryTopics } from "../../../core/services/registry_events.ts";
import { realSystem } from "../../../core/system.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";

/** A registry, and what it says: the end of the registry waits for that. */
async function open(options: OpenOptions = {}, target = createMemoryBackend()) {
  const heard: [topic: string, payload: Record<string, unknown>][] = [];
  const events: EventPublisher<RegistryTopics> = {
    publish: (topic, payload) => Promise.resolve(heard.push([topic, { ...payload }])),
  };
  const registry = await openRegistry(target, { events, ...options });
  const said = async () => {
    await registry[Symbol.asyncDispose]();
    return heard.map(([topic, { name, version, alias }]) =>
      [topic.replace("registry.", ""), name, ...(alias === undefined ? [] : [alias]), version].join(
        " ",
      )
    );
  };
  return { registry, heard, said };
}

/** What a logger heard, and a wait for a line. */
function createLog() {
  const lines: string[] = [];
  const waiting: { pattern: RegExp; resolve(): void }[] = [];
  const debug = (line: string) => {
    lines.push(line);
    for (const { pattern, resolve } of waiting) if (pattern.test(line)) resolve();
  };
  const logger = { debug, info() {}, warn() {}, error() {} };
  const until = (pattern: RegExp) =>
    new Promise<void>((resolve) => void waiting.push({ pattern, resolve }));
  return { lines, logger, until };
}

Deno.test("a registry says what was saved, deleted and aliased, with commit and digest, in the order of the commits", async () => {
  const { registry, heard, said } = await open();
  const saved = await registry.save("a", 1, { version: "1.2.0+build" });
  await registry.setAlias("a", "production", "1.2");
  await registry.deleteAlias("a", "production");
  assertEquals(await registry.delete("a@1.2.0"), true);
  assertEquals(await said(), [
    "saved a 1.2.0+build",
    "aliased a production 1.2.0",
    "aliased a production ",
    "deleted a 1.2.0",
  ]);
  const { commit, digest, size } = saved;
  const { id } = registry;
  assertEquals(heard[0], ["registry.saved", {
    registry: id,
    name: "a",
    version: "1.2.0+build",
    commit,
    digest,
    size,
  }]);
  assertEquals(heard[2][1].version, null);
  assertMatch(String(heard[3][1].commit), /^[0-9a-f-]{36}$/);
});

Deno.test("what a mirror brings is heard of", async () => {
  const source = await openRegistry("memory:");
  await source.save("a", 1);
  await source.save("a", 2);
  await source.delete("a@1.0.0");
  await source.setAlias("a", "production", "2");
  const { registry, said } = await open();
  await mirrorRegistry(source, registry);
  // The mark of a version that was never here is no deletion.
  assertEquals(await said(), ["saved a 2.0.0", "aliased a production 2.0.0"]);
});

Deno.test("a bus that fails fails nothing, and a debug line says what was lost", async () => {
  const { lines, logger } = createLog();
  for (
    const publish of [() => Promise.reject(new Error("the bus is full")), () => {
      throw new Error("the bus is full");
    }]
  ) {
    const { registry, said } = await open({ events: { publish }, logger });
    await registry.save("a", 1);
    await said();
  }
  const lost = lines.filter((line) => line.includes("lost"));
  assertEquals(lost, Array(2).fill('event registry.saved of "a" was lost: the bus is full'));
});

Deno.test("a bus that hangs delays no commit, and takes bounded memory", async () => {
  const { lines, logger, until } = createLog();
  let calls = 0;
  const hung = Promise.withResolvers<void>();
  const events = { publish: () => (calls++, hung.promise) };
  const system = { ...realSystem, sleep: () => new Promise<void>(() => {}) }; // however long it all takes
  const { registry, said } = await open({ events, logger, system });
  const full = until(/10000 wait already/);
  const saves = 10_002; // 10,000 that hang, 2 that are lost
  for (let from = 0; from < saves; from += 1000) {
    const entries = Array.from({ length: Math.min(1000, saves - from) }, (_, index) => ({
      name: `n${from + index}`,
      value: 1,
      version: "1",
    }));
    assertEquals((await registry.saveMany(entries)).failed, []);
  }
  await full;
  assertEquals(calls, 10_000);
  hung.resolve();
  await said();
  assertEquals(lines.filter((line) => line.includes("lost")).length, 2);
});

Deno.test("a bus that gives no answer is not waited for without end: neither by an event, nor by the end of the registry", async () => {
  const events = { publish: () => new Promise(() => {}) };
  const never = new Promise<void>(() => {});
  for (const passes of [(ms: number) => ms === 10_000, (ms: number) => ms < 10_000]) {
    const { lines, logger, until } = createLog();
    const system = {
      ...createScriptedSystem(),
      sleep: (ms: number) => passes(ms) ? Promise.resolve() : never,
    };
    const { registry, said } = await open({ events, logger, system });
    const lost = until(/^event registry.saved of "a" was lost/);
    await registry.save("a", 1);
    await said();
    await lost;
    assertEquals(lines.filter((line) => line.includes("lost")).length, 1, lines.join("\n"));
  }
});

Deno.test("the end of a registry waits for what is being told", async () => {
  const told = Promise.withResolvers<void>();
  const order: string[] = [];
  const { registry } = await open({
    events: { publish: () => told.promise.then(() => order.push("told")) },
  });
  await registry.save("a", 1);
  const closed = registry[Symbol.asyncDispose]().then(() => order.push("closed"));
  await open(); // much happens meanwhile
  told.resolve();
  await closed;
  assertEquals(order, ["told", "closed"]);
});
