import { assert, assertEquals, assertRejects } from "@std/assert";
import { createLocalBackend } from "../backends/local.ts";
import { createMemoryBackend } from "../backends/memory.ts";
import type { Backend } from "../core/backend.ts";
import { RegistryError } from "../core/errors.ts";
import { createRandom } from "./simulate/random.ts";
import { createRandomFaults } from "./simulate/random_faults.ts";
import { createSimulatedSystem } from "./simulate/simulated_system.ts";
import { withFaults } from "./simulate/with_faults.ts";
import type { Fault, StoreCall } from "./simulate/with_faults.ts";
import { createHistory, withHistory } from "./simulate/with_history.ts";
import type { Effect } from "./simulate/with_history.ts";
import { withProcess } from "./simulate/with_process.ts";
import { withShiftedTime } from "./simulate/with_shifted_time.ts";
import { tempRoot } from "./support/temp_root.ts";

const ONE = new TextEncoder().encode("one");
const TWO = new TextEncoder().encode("two");

/** A store of which the first put meets a fault. */
function faultyStore(fault: Fault) {
  const world = createSimulatedSystem(1);
  const inner = createMemoryBackend({ system: world });
  let puts = 0;
  const choose = ({ verb }: StoreCall) => verb === "put" && puts++ === 0 ? fault : undefined;
  const store = withFaults(inner, { choose, sleep: (ms) => world.sleep(ms), latencyMs: () => 5 });
  return { world, inner, store };
}

async function refusal(work: Promise<unknown>): Promise<{ code: string; maybeWritten?: boolean }> {
  const { code, maybeWritten } = await assertRejects(() => work, RegistryError);
  return { code, maybeWritten };
}

async function textAt(backend: Backend, key: string): Promise<string | undefined> {
  const found = await backend.get(key);
  return found && new TextDecoder().decode(await found.bytes());
}

Deno.test("withFaults() loses a reply after the effect", async () => {
  const { world, inner, store } = faultyStore({ kind: "lostReply" });
  await world.run(async () => {
    const put = store.put("a", ONE, { mode: "create" });
    assertEquals(await refusal(put), { code: "Unavailable", maybeWritten: true });
  });
  assertEquals(await textAt(inner, "a"), "one");
});

Deno.test("withFaults() loses a request before the effect", async () => {
  const { world, inner, store } = faultyStore({ kind: "lostRequest" });
  await world.run(async () => {
    assertEquals(await refusal(store.put("a", ONE, { mode: "create" })), {
      code: "Unavailable",
      maybeWritten: true,
    });
    await world.sleep(100_000_000);
  });
  assertEquals(await textAt(inner, "a"), undefined);
});

Deno.test("withFaults() lets a request take effect long after its caller was told that it may be lost", async () => {
  const { world, inner, store } = faultyStore({ kind: "late", afterMs: 7_200_000 });
  await world.run(async () => {
    assertEquals(await refusal(store.put("a", ONE, { mode: "create" })), {
      code: "Unavailable",
      maybeWritten: true,
    });
    await world.sleep(7_199_000);
    assertEquals(await textAt(inner, "a"), undefined);
    await world.sleep(2_000);
    assertEquals(await textAt(inner, "a"), "one");
  });
});

Deno.test("withFaults() does not let a late create win over what came before it", async () => {
  const { world, inner, store } = faultyStore({ kind: "late", afterMs: 1000 });
  await world.run(async () => {
    await refusal(store.put("a", ONE, { mode: "create" }));
    assert((await store.put("a", TWO, { mode: "create" })).written);
    await world.sleep(2000);
  });
  assertEquals(await textAt(inner, "a"), "two");
});

Deno.test("withFaults() repeats a request behind the caller's back: a create that won is told that it lost", async () => {
  const { world, inner, store } = faultyStore({ kind: "hiddenRetry" });
  const result = await world.run(() => store.put("a", ONE, { mode: "create" }));
  assertEquals(result, { written: false, reason: "exists" });
  assertEquals(await textAt(inner, "a"), "one");
});

for (const kind of ["unavailable", "torn"] as const) {
  Deno.test(`withFaults() refuses a put that is ${kind}, and nothing is written`, async () => {
    const { world, inner, store } = faultyStore({ kind });
    await world.run(async () => {
      assertEquals(await refusal(store.put("a", ONE)), {
        code: "Unavailable",
        maybeWritten: undefined,
      });
      await world.sleep(100_000_000);
    });
    assertEquals(await textAt(inner, "a"), undefined);
  });
}

Deno.test("withFaults() is slow before and after the effect", async () => {
  const { world, store } = faultyStore({ kind: "slow", beforeMs: 1000, afterMs: 3000 });
  const begin = world.now();
  const result = await world.run(() => store.put("a", ONE));
  assert(result.written);
  assertEquals([result.info.modifiedAt - begin, world.now() - begin], [1005, 4010]);
});

Deno.test("withFaults() ends an aborted call at once, and the request takes effect all the same", async () => {
  const { world, inner, store } = faultyStore({ kind: "slow", beforeMs: 1000 });
  const controller = new AbortController();
  world.scheduler.at(world.now() + 10, () => controller.abort(new Error("enough")));
  await world.run(async () => {
    const begin = world.now();
    await assertRejects(() => store.put("a", ONE, { signal: controller.signal }), Error, "enough");
    assertEquals(world.now() - begin, 10);
    await world.sleep(2000);
  });
  assertEquals(await textAt(inner, "a"), "one");
});

Deno.test("withFaults() answers a list page by page, each once, also when a page is asked for twice", async () => {
  const world = createSimulatedSystem(1);
  const inner = createMemoryBackend({ system: world });
  for (let i = 0; i < 7; i++) await inner.put(`k/${i}`, ONE);
  const store = withFaults(inner, {
    choose: () => ({ kind: "hiddenRetry" }),
    sleep: (ms) => world.sleep(ms),
    pageSize: 3,
  });
  const keys = await world.run(() =>
    Array.fromAsync(store.list("k/"), (entry) => "key" in entry ? entry.key : "")
  );
  assertEquals(keys, ["k/0", "k/1", "k/2", "k/3", "k/4", "k/5", "k/6"]);
});

Deno.test("createRandomFaults() is as frequent as its rates say, and rarer for what a backend repeats itself", () => {
  const choose = createRandomFaults({
    random: createRandom(1),
    rates: { lostReply: 0.2, late: 0.1 },
  });
  const count = (call: StoreCall) => {
    const kinds: Record<string, number> = {};
    for (let i = 0; i < 10_000; i++) {
      const kind = choose(call)?.kind ?? "none";
      kinds[kind] = (kinds[kind] ?? 0) + 1;
    }
    return kinds;
  };
  const creates = count({ verb: "put", key: "a", mode: "create" });
  assert(Math.abs(creates.lostReply - 2000) < 200 && Math.abs(creates.late - 1000) < 200);
  const gets = count({ verb: "get", key: "a" });
  assert(Math.abs(gets.lostReply - 200) < 80 && gets.late === undefined && gets.unavailable > 40);
});

Deno.test("withShiftedTime() shifts the store's time in every reply", async () => {
  const store = withShiftedTime(createMemoryBackend({ system: createSimulatedSystem(1) }), {
    shiftMs: ({ key }) => key === "old" ? -1000 : 0,
  });
  const times: number[] = [];
  for (const key of ["new", "old"]) {
    const result = await store.put(key, ONE);
    assert(result.written);
    times.push(result.info.modifiedAt);
    assertEquals((await store.head(key))?.modifiedAt, result.info.modifiedAt);
    assertEquals((await store.get(key))?.info.modifiedAt, result.info.modifiedAt);
  }
  assertEquals(times[0] - times[1], 1000);
  assertEquals(
    await Array.fromAsync(store.list(""), (entry) => "key" in entry ? entry.modifiedAt : 0),
    times,
  );
  assertEquals(await store.put("old", TWO, { mode: "create" }), {
    written: false,
    reason: "exists",
  });
});

Deno.test("withProcess() holds calls and replies while the process stands still, and for ever once it was killed", async () => {
  const world = createSimulatedSystem(1);
  const process = world.process("p");
  const inner = createMemoryBackend({ system: world });
  const places = ["send", "reply"] as const;
  let calls = 0;
  const store = withProcess(inner, { process, pause: () => ({ ms: 1000, at: places[calls++] }) });
  const begin = world.now();
  await world.run(async () => {
    const result = await store.put("a", ONE);
    assert(result.written);
    assertEquals([result.info.modifiedAt - begin, world.now() - begin], [1000, 1000]);
    await store.put("b", ONE);
    assertEquals([(await inner.head("b"))!.modifiedAt - begin, world.now() - begin], [1000, 2000]);
    process.kill();
    let answered = false;
    store.put("c", ONE).then(() => answered = true);
    await world.sleep(5000);
    assertEquals(answered, false);
  });
});

Deno.test("withHistory() records what truly happened, in its order", async () => {
  const history = createHistory();
  const effects: Effect[] = [];
  history.listen((effect) => effects.push(effect));
  const store = withHistory(createMemoryBackend(), {
    history,
    now: () => 7,
    actor: "me",
    hold: (work) => work,
  });
  await store.put("a", ONE, { mode: "create" });
  await store.put("a", TWO, { mode: "create" });
  await store.put("a", TWO);
  await store.delete("a");
  await store.delete("a");
  assertEquals(
    effects.map((
      { order, at, actor, verb, mode, written },
    ) => [order, at, actor, verb, mode, written]),
    [
      [1, 7, "me", "put", "create", true],
      [2, 7, "me", "put", "create", false],
      [3, 7, "me", "put", "overwrite", true],
      [4, 7, "me", "delete", undefined, true],
      [5, 7, "me", "delete", undefined, false],
    ],
  );
});

Deno.test("withShiftedTime() has what it says it has: the first object of a store too, and its time", async () => {
  await using root = await tempRoot();
  const inner = createLocalBackend({ path: root.path });
  const store = withShiftedTime(inner, { shiftMs: () => -1000 });
  assertEquals(await store.getFirst!("a"), undefined);
  await store.put("a/b", ONE);
  const first = await store.getFirst!("a");
  assertEquals(first?.info, await store.head("a/b"));
  assertEquals(await first?.bytes(), ONE);
});
