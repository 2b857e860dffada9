// Requests for long lists and archives have places: one sender leaves room for others.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createApp } from "../../../../apps/server/app.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import type { DescribedAnswer } from "../../../../apps/server/gateways/gateway.ts";
import { Places } from "../../../../apps/server/guard/places.ts";
import { openRegistry, type Registry, RegistryError } from "../../../../mod.ts";
import { dav } from "../../../../extensions/gateways/dav/dav.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { pipelines } from "../../../../operators/surface/pipelines.ts";
import { nextTurn } from "../../../../core/work/next_turn.ts";
import { realSystem } from "../../../../core/system.ts";
import { createRandom } from "../../../simulate/random.ts";
import { casesOfRun } from "../../../support/seeds.ts";
import { createCheckedHandler } from "../checked_handler.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";

const NEVER = { sleep: () => new Promise<void>(() => {}) };
const staying = () => new AbortController().signal;

/** Leaves more time than a request needs that has a place. */
async function manyTurns(): Promise<void> {
  for (let i = 0; i < 50; i++) await nextTurn();
}

/** Sleeps until a test ends them. */
function scriptedSleep() {
  const sleeps: { ms: number; end(): void; signal?: AbortSignal }[] = [];
  const sleep = (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      sleeps.push({ ms, end: resolve, signal });
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  return { sleeps, sleep };
}

Deno.test("senders take turns, whatever one of them waits for", async () => {
  const places = new Places(4, NEVER);
  const order: string[] = [];
  const ask = async (id: string) => {
    const give = await places.take(id);
    order.push(id);
    return give;
  };
  const first = [ask("a"), ask("a"), ask("a"), ask("a"), ask("a")];
  await manyTurns();
  assertEquals(order, ["a", "a"], "half of them");
  const others = [ask("b"), ask("b"), ask("c")];
  await manyTurns();
  assertEquals(order, ["a", "a", "b", "b"], "all of them");
  await Promise.all([...first, ...others].map(async (taken) => (await taken)()));
  assert(order.indexOf("c") < order.lastIndexOf("a"), `${order}`);
  assertEquals(places.counts, { running: 0, waiting: 0 });
});

Deno.test("a request that waits for a minute, or whose client leaves, is refused", async () => {
  const { sleep, sleeps } = scriptedSleep();
  const places = new Places(1, { sleep });
  const give = await places.take("a", () => {
    throw new Error("nobody waits: the signal of a read is not touched");
  });
  const client = new AbortController();
  const leaving = places.take("a", () => client.signal);
  const late = places.take("a", staying);
  const gone = places.take("a", () => AbortSignal.abort());
  const next = places.take("a", staying);
  client.abort();
  sleeps[1]!.end();
  for (const refused of [leaving, late, gone]) {
    await assertRejects(() => refused, RegistryError, "at once");
  }
  assertEquals(places.counts, { running: 1, waiting: 1 });
  give();
  give(); // again
  (await next)();
  assertEquals(places.counts, { running: 0, waiting: 0 });
  assertEquals(sleeps.map(({ ms }) => ms), [60_000, 60_000, 60_000, 60_000]);
  assert(sleeps.slice(2).every(({ signal }) => signal!.aborted), "no timer runs on");
});

Deno.test("no place is lost or given twice, however requests end", async () => {
  for (let seed = 1; seed <= casesOfRun(50); seed++) {
    const { int: pick } = createRandom(seed);
    const total = 1 + pick(6);
    const places = new Places(total, NEVER);
    const running = new Map<string, number>();
    let waiting = 0;
    const request = async (id: string, client: AbortController) => {
      waiting++;
      const give = await places.take(id, () => client.signal).finally(() => waiting--);
      running.set(id, (running.get(id) ?? 0) + 1);
      assert(running.get(id)! <= Math.ceil(total / 2) && places.counts.running <= total);
      for (let turns = pick(4); turns > 0; turns--) await nextTurn();
      running.set(id, running.get(id)! - 1);
      give();
    };
    const all = Array.from({ length: 40 }, async () => {
      const client = new AbortController();
      for (let turns = pick(20); turns > 0; turns--) await nextTurn();
      const ended = request("abc"[pick(3)]!, client);
      ended.catch(() => {});
      if (pick(3) === 0) client.abort();
      await ended.catch((error) => assert(error instanceof RegistryError, String(error)));
    });
    await Promise.all(all);
    assertEquals([places.counts, waiting], [{ running: 0, waiting: 0 }, 0], `seed ${seed}`);
  }
});

const find = (authorization: string | null) =>
  Promise.resolve(createAccess(authorization!.replace("Bearer ", ""), [parseScope("read:*")]));
const asked = (token: string, path: string, init: RequestInit = {}) =>
  new Request(`http://localhost${path}`, {
    headers: { authorization: `Bearer ${token}` },
    ...init,
  });

/** A registry whose lists of versions wait as long as the gate is shut. */
function gated(store: Registry) {
  const opening = Promise.withResolvers<void>();
  const gate = { isShut: true, waiting: 0, open: opening.resolve };
  const registry: Registry = {
    ...store,
    settings: store.settings,
    async *versions(...given) {
      gate.waiting++;
      if (gate.isShut) await opening.promise;
      gate.waiting--;
      yield* store.versions(...given);
    },
  };
  return { registry, gate };
}

Deno.test("lists of one token wait for each other, those of others do not", async () => {
  await using store = await openRegistry("memory:");
  await store.save("a", 1);
  const { registry, gate } = gated(store);
  await using handler = createCheckedHandler(registry, { tokens: { find } });
  const ask = async (token: string, path = "/artifacts/a/versions") => {
    const answer = await handler(asked(token, path));
    await answer.text();
    return answer.status;
  };
  const first = Array.from({ length: 20 }, () => ask("one"));
  await manyTurns();
  assertEquals(gate.waiting, 12);
  assertEquals(await ask("other", "/names"), 200);
  assertEquals(await ask("one", "/artifacts/a/aliases/none"), 404, "what is short does not wait");
  gate.open();
  assertEquals(new Set(await Promise.all(first)), new Set([200]));
});

/** Requests that take a place late, once they have what they may wait for. */
const LATE: [path: string, init: RequestInit][] = [
  ["/search?q=a", {}],
  ["/dav/a/1.0.0/", {
    method: "PROPFIND",
    headers: { authorization: "Bearer one", depth: "1" },
  }],
  ["/api/models/a/paths-info/main", {
    method: "POST",
    body: new URLSearchParams({ paths: "content" }),
  }],
];

Deno.test("a search, PROPFIND and paths-info take a place too", async () => {
  await using store = await openRegistry("memory:");
  await store.save("a", new Uint8Array(1));
  const { registry, gate } = gated(store);
  gate.isShut = false;
  await using handler = createApp(registry, { tokens: { find }, gateways: [hub, dav] });
  const answered: string[] = [];
  const askLate = () =>
    LATE.map(async ([path, init]) => {
      const { body, status } = await handler(asked("one", path, init));
      answered.push(path);
      await body?.cancel();
      return status;
    });
  assertEquals(await Promise.all(askLate()), [200, 207, 200]);
  gate.isShut = true;
  const lists = Array.from({ length: 12 }, () => handler(asked("one", "/artifacts/a/versions")));
  await manyTurns();
  answered.length = 0;
  const late = askLate();
  await manyTurns();
  const meanwhile = [gate.waiting, ...answered];
  gate.open();
  assertEquals(await Promise.all(late), [200, 207, 200]);
  assertEquals(meanwhile, [12]);
  for (const { body } of await Promise.all(lists)) await body?.cancel();
});

Deno.test("archives of one token wait until it has read others, or left", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("a", new Uint8Array(2 ** 17));
  const path = "/artifacts/a/versions/1.0.0/archive?format=tar";
  const { sleep, sleeps } = scriptedSleep();
  const system = { ...realSystem, sleep };
  await using handler = createCheckedHandler(registry, { tokens: { find }, system });
  const ask = async (token: string, init?: RequestInit) => await handler(asked(token, path, init));
  for (const end of ["read", "left", "head", "gone"]) {
    const unread = await Promise.all(Array.from({ length: 32 }, () => ask("one")));
    await (await ask("other")).body!.cancel();
    let isAnswered = false;
    const client = new AbortController();
    const waits = ask("one", { method: end === "head" ? "HEAD" : "GET", signal: client.signal })
      .finally(() => isAnswered = true);
    await manyTurns();
    assertEquals(isAnswered, false);
    if (end === "gone") client.abort();
    else if (end === "read") await unread[0]!.bytes();
    else await unread[0]!.body!.cancel();
    const answer = await waits;
    assertEquals(answer.status, end === "gone" ? 503 : 200);
    for (const { body } of [answer, ...unread]) if (!body?.locked) await body?.cancel();
  }
  const unread = await Promise.all(Array.from({ length: 32 }, () => ask("one")));
  const late = ask("one");
  await manyTurns();
  sleeps.at(-1)!.end();
  assertEquals((await late).status, 503);
  for (const { body } of unread) await body!.cancel();
});

/** Routes of JSON whose answer has a size that one artifact, job or rule limits, or that a queue answers. */
const SHORT = new Set([
  "/registry",
  "/uploads/:upload",
  "/artifacts/:name/versions/:version/presign",
  "/jobs",
  "/jobs/:job",
  "/artifacts/:name/annotations",
  "/artifacts/:name/versions/:version/annotations",
  "/artifacts/:name/aliases/:alias",
  "/rules",
]);

const isJson = (answer?: DescribedAnswer) =>
  answer?.schema !== undefined || answer?.content?.["application/json"] !== undefined;

Deno.test("every other route that answers with JSON takes a place", async () => {
  await using registry = await openRegistry("memory:");
  await using queue = createMemoryQueue();
  const gateways = [createJobsGateway(queue), hub, dav, pipelines];
  const { routes } = createApp(registry, { gateways });
  const without = routes.filter(({ method, path, scope, answers, readsMany }) => {
    const isList = method === "GET" && isJson(answers[200]) && scope !== "open";
    if (path === "/search") return false; // takes one once the index is read
    return isList && !readsMany && !/whoami|auth-check/.test(path);
  });
  assertEquals(new Set(without.map(({ path }) => path)), SHORT);
});

Deno.test("searches that wait for the index leave room for lists", async () => {
  await using store = await openRegistry("memory:");
  await store.save("a", 1);
  const gate = Promise.withResolvers<void>();
  const registry: Registry = {
    ...store,
    settings: store.settings,
    async *versions(name, options) {
      if (options?.details) await gate.promise; // the index reads all infos
      yield* store.versions(name, options);
    },
  };
  await using handler = createCheckedHandler(registry, { tokens: { find } });
  const searches = Array.from({ length: 20 }, () => handler(asked("one", "/search?q=a")));
  await manyTurns();
  const listed = handler(asked("one", "/artifacts/a/versions")).then(({ status }) => status);
  assertEquals(await Promise.race([listed, manyTurns()]), 200);
  gate.resolve();
  assertEquals(new Set((await Promise.all(searches)).map(({ status }) => status)), new Set([200]));
});
