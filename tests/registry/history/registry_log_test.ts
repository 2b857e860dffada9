// The log of all names.
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { annotate } from "../../../registry/mod.ts";
import { createMemoryBackend, openRegistry, readLog, readRegistryLog } from "../../../mod.ts";
import type { LogEntry, RegistryLogOptions } from "../../../registry/mod.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { createHandler } from "../../../apps/server.ts";
import { openHttpRegistry } from "../../../apps/client.ts";
import { createAccess, parseScope } from "../../../apps/server/access/access.ts";
import { newestOf } from "../../../registry/operations/look/log.ts";
import { rejected } from "../rejected.ts";
import { withCounts } from "../../bench/counted_backend.ts";

const HOUR = 3_600_000;

/** Changes of three names by two authors, an hour apart. */
async function changed() {
  const system = createScriptedSystem();
  const backend = createMemoryBackend({ system });
  const open = (by: string) => openRegistry(backend, { by, system });
  const alice = await open("alice"), bob = await open("bob");
  const begin = system.now();
  const steps = [
    () => alice.save("a", 1),
    () => bob.save("b", 1),
    () => alice.setAlias("a", "production", "1.0.0"),
    () => bob.save("a", 2),
    () => bob.setAlias("a", "production", "2.0.0"),
    () => annotate(alice, "a@2.0.0", { notes: "good" }),
    () => alice.delete("b@1.0.0"),
    () => bob.save("c", 1),
    () => alice.deleteAlias("a", "production"),
  ];
  for (const step of steps) {
    system.advance(HOUR);
    await step();
  }
  return { registry: alice, begin };
}

const short = ({ name, event, version = "", alias = "", by }: LogEntry) =>
  [name, event, version, alias, by?.name].join(" ").replaceAll(/ +/g, " ");

const ALL = [
  "a unaliased production alice",
  "c saved 1.0.0 bob",
  "b deleted 1.0.0 alice",
  "a annotated 2.0.0 alice",
  "a aliased 2.0.0 production bob",
  "a saved 2.0.0 bob",
  "a aliased 1.0.0 production alice",
  "b saved 1.0.0 ",
  "a saved 1.0.0 alice",
];

Deno.test("the log of all names is the logs of each, newest first", async () => {
  const { registry } = await changed();
  const all = await Array.fromAsync(readRegistryLog(registry));
  assertEquals(all.map(short), ALL);
  const each = await Promise.all(
    ["a", "b", "c"].map((name) => Array.fromAsync(readLog(registry, name))),
  );
  assertEquals(each.flat().sort((x, y) => y.at.getTime() - x.at.getTime()), all);
});

Deno.test("the log of all names is cut by time, author, kind, name and limit", async () => {
  const { registry, begin } = await changed();
  const shown = async (options: RegistryLogOptions) =>
    (await Array.fromAsync(readRegistryLog(registry, options))).map(short);
  assertEquals(await shown({ since: new Date(begin + 7 * HOUR) }), ALL.slice(0, 3));
  assertEquals(await shown({ until: new Date(begin + 2 * HOUR) }), ALL.slice(7));
  const between = { since: new Date(begin + 3 * HOUR), until: new Date(begin + 4 * HOUR) };
  assertEquals(await shown(between), ALL.slice(5, 7));
  assertEquals(await shown({ by: "bob" }), ALL.filter((text) => text.endsWith("bob")));
  assertEquals(await shown({ event: "deleted" }), [ALL[2]]);
  assertEquals(await shown({ names: (name) => name === "c" }), [ALL[1]]);
  assertEquals(await shown({ limit: 2 }), ALL.slice(0, 2));
  assertEquals(await shown({ limit: 2, by: "bob" }), [ALL[1], ALL[4]]);
  assertEquals(await shown({ limit: 0 }), []);
  const event = "moved" as "saved";
  await rejected("Invalid", Array.fromAsync(readRegistryLog(registry, { event })));
});

Deno.test("a service lists the log of readable names, page by page", async () => {
  const { registry, begin } = await changed();
  const tokens = {
    find: (authorization: string | null) => {
      const [, text = ""] = /^Bearer (.+)$/.exec(authorization ?? "") ?? [];
      return Promise.resolve(createAccess(text, text.split(",").map(parseScope)));
    },
  };
  const handler = createHandler(registry, { tokens });
  const fetch = (request: Request) => handler(request);
  const as = (token: string) => openHttpRegistry("http://localhost", { token, fetch });
  const everything = await as("read:*"), some = await as("read:b,read:c");
  const shown = async (from: typeof some, options: RegistryLogOptions = {}) =>
    (await Array.fromAsync(readRegistryLog(from, options))).map(short);
  assertEquals(await shown(everything), ALL);
  assertEquals(await shown(some), ALL.filter((text) => !text.startsWith("a ")));
  const since = new Date(begin + 7 * HOUR);
  assertEquals(await shown(everything, { since, by: "alice" }), [ALL[0], ALL[2]]);
  assertEquals(await shown(everything, { event: "aliased", limit: 1 }), [ALL[4]]);
  const ask = async (query: string) => {
    const headers = { authorization: "Bearer read:*" };
    const answer = await handler(new Request(`http://localhost/log?${query}`, { headers }));
    return { status: answer.status, ...await answer.json() };
  };
  const items: string[] = [];
  for (let after = "";;) {
    const page = await ask(`limit=2${after}`);
    assertEquals(page.status, 200, JSON.stringify(page));
    items.push(...page.items.map(short));
    if (page.next === undefined) break;
    after = `&after=${encodeURIComponent(page.next)}`;
  }
  assertEquals(items, ALL);
  assertEquals((await ask("after=gone")).status, 400);
  assertEquals((await ask("since=yesterday")).status, 400);
  assertEquals((await ask("event=moved")).status, 400);
});

Deno.test("a page of a service reads the records before it and its own, not the older ones", async () => {
  const system = createScriptedSystem();
  const store = createMemoryBackend({ system });
  const writer = await openRegistry(store, { system });
  for (let n = 0; n < 200; n++) {
    system.advance(HOUR);
    await writer.save(`m${n}`, n);
  }
  const counted = withCounts(store);
  const handler = createHandler(await openRegistry(counted.backend, { system }));
  const ask = async (query: string) =>
    await (await handler(new Request(`http://localhost/log?${query}`))).json();
  const { next } = await ask("limit=2");
  counted.calls.take();
  const page = await ask(`limit=2&after=${encodeURIComponent(next)}`);
  assertEquals(page.items.map(short), ["m197 saved 1.0.0 ", "m196 saved 1.0.0 "]);
  const reads = counted.calls.counts.get ?? 0;
  assert(reads > 0 && reads < 60, `${reads} records are read`);
});

Deno.test("so does a page of the log of a name", async () => {
  const system = createScriptedSystem();
  const store = createMemoryBackend({ system });
  const writer = await openRegistry(store, { system });
  for (let n = 0; n < 200; n++) {
    system.advance(HOUR);
    await writer.save("m", n);
  }
  const counted = withCounts(store);
  const handler = createHandler(await openRegistry(counted.backend, { system }));
  const ask = async (query: string) =>
    await (await handler(new Request(`http://localhost/artifacts/m/log?${query}`))).json();
  const { next } = await ask("limit=2");
  counted.calls.take();
  const page = await ask(`limit=2&after=${encodeURIComponent(next)}`);
  assertEquals(page.items.map(short), ["m saved 198.0.0 ", "m saved 197.0.0 "]);
  const reads = counted.calls.counts.get ?? 0;
  assert(reads > 0 && reads < 60, `${reads} records are read`);
});

Deno.test("the newest changes of many names cost as many reads, and those of the second before", async () => {
  const system = createScriptedSystem();
  const store = createMemoryBackend({ system });
  const writer = await openRegistry(store, { system });
  for (let n = 0; n < 300; n++) {
    system.advance(2_000);
    await writer.save(`m${n}`, n);
  }
  const { backend, calls } = withCounts(store);
  const reader = await openRegistry(backend, { system });
  const counts = async () => {
    calls.take();
    const { length } = await Array.fromAsync(readRegistryLog(reader, { limit: 50 }));
    return [length, calls.take()];
  };
  assertEquals(await counts(), [50, "list 1, get 50"]);
  for (let n = 0; n < 120; n++) await writer.save(`at-once-${n}`, n);
  assertEquals(await counts(), [50, "list 1, get 150"]);
});

Deno.test("the newest of many changes in a second cost as many reads, and those of a tenth of it", async () => {
  const system = createScriptedSystem();
  const store = createMemoryBackend({ system });
  const writer = await openRegistry(store, { system });
  for (let n = 0; n < 990; n++) {
    system.advance(1);
    await writer.save(`m${n}`, n);
  }
  const { backend, calls } = withCounts(store);
  const reader = await openRegistry(backend, { system });
  calls.take();
  const log = await Array.fromAsync(readRegistryLog(reader, { limit: 50 }));
  assertEquals(log.map(({ name }) => name), Array.from({ length: 50 }, (_, n) => `m${989 - n}`));
  assertEquals(calls.take(), "list 1, get 150");
});

for (
  const [what, ahead] of [["a minute", HOUR / 60], ["an hour", HOUR], ["a day", 24 * HOUR]] as const
) {
  for (const sign of [1, -1]) {
    const title = `a clock that is ${what} ${sign > 0 ? "ahead" : "behind"} hides no change`;
    Deno.test(title, async () => {
      const system = createScriptedSystem();
      const backend = createMemoryBackend({ system });
      const right = await openRegistry(backend, { system });
      const now = () => system.now() + sign * (ahead - 1);
      const wrong = await openRegistry(backend, { system: { ...system, now } });
      const begin = system.now();
      for (let n = 0; n < 40; n++) {
        system.advance(1_500);
        await (n % 8 === 3 ? wrong : right).save(`m${n}`, n);
      }
      const log = async (options: RegistryLogOptions) =>
        await Array.fromAsync(readRegistryLog(right, options), ({ name }) => name);
      const all = await log({});
      assertEquals(all.length, 40);
      for (const limit of [1, 5, 8, 20]) assertEquals(await log({ limit }), all.slice(0, limit));
      if (sign > 0) { // in the order in which the store received them
        assertEquals(all, Array.from({ length: 40 }, (_, n) => `m${39 - n}`));
        const since = new Date(begin + 31 * 1_500);
        assertEquals(await log({ since }), all.slice(0, 10));
      }
      const handler = createHandler(right);
      const paged: string[] = [];
      for (let after = "";;) {
        const answer = await handler(new Request(`http://localhost/log?limit=7${after}`));
        const { items, next } = await answer.json();
        paged.push(...items.map(({ name }: LogEntry) => name));
        if (next === undefined) break;
        after = `&after=${encodeURIComponent(next)}`;
      }
      assertEquals(paged, all);
    });
  }
}

/** A record of a change at `at`, which the store received later, or at most a tenth of a second before. */
const changes = fc.array(
  fc.record({ at: fc.nat(5_000), later: fc.integer({ min: -99, max: 9_000 }) }),
);

Deno.test("the newest changes are those of all records, however few are held at once", async () => {
  await fc.assert(
    fc.asyncProperty(changes, fc.integer({ min: 1, max: 12 }), async (changes, limit) => {
      const entry = (at: number, name: string): LogEntry => ({
        event: "saved",
        name,
        at: new Date(at),
      });
      const sources = changes.map(({ at, later }, n) => ({
        key: String(n).padStart(9, "0"),
        latest: Math.max(at, at + later + 100),
        order: 0,
        read: () => [entry(at, `${n}`)],
      }));
      const isWanted = ({ at }: LogEntry) => at.getTime() % 2 === 0;
      const list = async function* () {
        yield* sources;
      };
      const times = (entries: readonly LogEntry[]) => entries.map(({ at }) => at.getTime());
      const found = await newestOf(list, limit, { isWanted, held: 3 });
      if (changes.length === 0) return assertEquals(found, undefined);
      const wanted = changes.map(({ at }) => at).filter((at) => at % 2 === 0).sort((a, b) => b - a);
      assertEquals(times(found!), wanted.slice(0, limit));
      assertEquals(new Set(found!.map(({ name }) => name)).size, found!.length);
    }),
    { numRuns: 300 },
  );
});

Deno.test("a log of many records is one pass over them, and holds few", async () => {
  let passes = 0, reads = 0;
  const list = async function* () {
    passes++;
    for (let n = 0; n < 200_000; n++) {
      const at = (n * 7_919) % 200_000 * 1000;
      yield {
        ...{ key: String(n).padStart(9, "0"), latest: at + 100, order: 0 },
        read(): LogEntry[] {
          reads++;
          return [{ event: "saved", name: `${n}`, at: new Date(at) }];
        },
      };
    }
  };
  const newest = await newestOf(list, 50);
  assertEquals([newest!.length, newest![0]!.at.getTime(), passes], [50, 199_999_000, 1]);
  assert(reads <= 100, `${reads}`);
});

Deno.test("pages go on within changes of one time", async () => {
  const system = createScriptedSystem();
  const registry = await openRegistry(createMemoryBackend({ system }), { system });
  for (let n = 0; n < 60; n++) await registry.save(`m${n}`, n);
  const handler = createHandler(registry);
  const names: string[] = [];
  for (let after = "";;) {
    const request = new Request(`http://localhost/log?limit=7${after}`);
    const { items, next } = await (await handler(request)).json();
    names.push(...items.map(({ name }: LogEntry) => name));
    if (next === undefined) break;
    after = `&after=${encodeURIComponent(next)}`;
  }
  assertEquals([names.length, new Set(names).size], [60, 60]);
});
