import { saveMany } from "../../../registry/contract/many.ts";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createMemoryBackend, openRegistry, RegistryError } from "../../../mod.ts";
import { prune } from "../../../extensions/maintenance/pruning/mod.ts";
import type { Backend } from "../../../mod.ts";
import type { ObjectInfo } from "../../../backends/mod.ts";
import type { OpenOptions } from "../../../registry/mod.ts";
import type { EventPublisher, RegistryTopics } from "../../../core/registry/registry_events.ts";
import { realSystem } from "../../../core/system.ts";
import { versionsFolder } from "../../../registry/format/layout.ts";
import { createAnnouncer } from "../../../registry/cell/announcer.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { slowTest } from "../../support/seeds.ts";

/** A registry and its events; closing it waits for them. */
async function open(options: OpenOptions = {}, target: Backend = createMemoryBackend()) {
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

/** Lines of a logger, and a wait for one. */
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

Deno.test("saves, deletions and aliases are published in order", async () => {
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

Deno.test("every commit is published, and nothing else", async () => {
  const { registry, said } = await open({ mutable: true });
  const many = [{ name: "many", value: 1 }, { name: "many", value: 2 }];
  await saveMany(registry, many, { concurrency: 1 });
  await registry.copy("many@1.0.0", "copied");
  const draft = await registry.openDraft("drafted", { id: "1" });
  await draft.addPart("0", [{ path: "a", content: new Uint8Array(3) }]);
  await draft.commit();
  await registry.save("over", 1, { version: "1" });
  await registry.save("over", 2, { version: "1", onConflict: "overwrite" });
  await registry.save("over", 3, { version: "1", onConflict: "skip" }); // nothing
  await registry.save("over", 2, { skipIfUnchanged: true }); // nothing
  for (const value of [1, 1]) await registry.save("once", value, { idempotencyKey: "k" });
  await assertRejects(() => registry.save("over", 4, { version: "1" }));
  assertEquals(await registry.delete("nothing", { allVersions: true }), false);
  assertEquals(await registry.deleteAlias("over", "none"), false);
  await prune(registry, { names: ["many"], keepLast: 1 });
  await registry.delete("many", { allVersions: true });
  assertEquals(await said(), [
    "saved many 1.0.0",
    "saved many 2.0.0",
    "saved copied 1.0.0",
    "saved drafted 1.0.0",
    "saved over 1.0.0",
    "saved over 1.0.0",
    "saved once 1.0.0",
    "deleted many 1.0.0",
    "deleted many 2.0.0",
  ]);
});

Deno.test("a failing bus fails nothing, and lost events are logged", async () => {
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

slowTest("a hanging bus gets 64 events at once; excess events are lost", async () => {
  const { lines, logger } = createLog();
  const backend = createMemoryBackend();
  await (await openRegistry(backend)).save("a", 1);
  const [{ key }] = await Array.fromAsync(backend.list(versionsFolder("a"))) as ObjectInfo[];
  const bytes = await (await backend.get(key))!.bytes();
  const late: (() => void)[] = [];
  const sleep = (ms: number) =>
    ms < 10_000 ? Promise.resolve() : new Promise<void>((resolve) => void late.push(resolve));
  let calls = 0;
  const publish = () => (calls++, new Promise<number>(() => {}));
  const announcer = createAnnouncer({ publish }, {
    registry: "id",
    logger,
    system: { ...realSystem, sleep },
  });
  const settled = () => realSystem.sleep(0);
  for (let count = 0; count < 10_002; count++) announcer.committed(key, bytes);
  assertEquals([calls, lines.length], [0, 2]); // the bus runs outside of commits
  await settled();
  assertEquals([calls, late.length], [64, 64]);
  for (const resolve of late.splice(0)) resolve();
  await settled();
  assertEquals([calls, late.length, lines.length], [128, 64, 66]);
  await announcer.close();
  await settled();
  assertEquals([calls, lines.length], [128, 10_002]);
  assertMatch(lines.at(-1)!, /^event registry.saved of "a" was lost: the registry was closed$/);
});

Deno.test("a bus that does not answer delays nothing for long", async () => {
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

Deno.test("closing a registry waits for its events", async () => {
  const told = Promise.withResolvers<void>();
  const order: string[] = [];
  const { registry } = await open({
    events: { publish: () => told.promise.then(() => order.push("told")) },
  });
  await registry.save("a", 1);
  const closed = registry[Symbol.asyncDispose]().then(() => order.push("closed"));
  await open();
  told.resolve();
  await closed;
  assertEquals(order, ["told", "closed"]);
});

Deno.test("an invalid bus is refused", async () => {
  for (const events of [{}, null, "redis://127.0.0.1:6379", () => {}]) {
    const opening = () => openRegistry("memory:", { events: events as never });
    await assertRejects(opening, RegistryError, "not an event bus");
  }
});
