import { assert, assertEquals, assertRejects } from "@std/assert";
import { createMemoryBackend } from "../backends/memory.ts";
import type { Backend } from "../core/backend.ts";
import { RegistryError } from "../core/errors.ts";
import { createSimulatedSystem } from "./simulate/simulated_system.ts";
import { type Fault, type StoreCall, withFaults } from "./simulate/with_faults.ts";

const ONE = new TextEncoder().encode("one");
const TWO = new TextEncoder().encode("two");

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

Deno.test("withFaults() lets a request take effect long after its caller learned that it may be lost", async () => {
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

Deno.test("withFaults() repeats a request behind the caller's back: a create that won gets the reply that it lost", async () => {
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
