// Saves of one name at once: what they ask the store for, and that no number is lost.
import { assertEquals, assertRejects } from "@std/assert";
import { realSystem, type System } from "../../../core/system.ts";
import { wrapCalls } from "../../../core/work/wrap_backend.ts";
import {
  createMemoryBackend,
  openRegistry,
  type Registry,
  type SaveOptions,
} from "../../../mod.ts";
import { withCounts } from "../../bench/counted_backend.ts";

const MANY = 50;

/** Saves a name many times at once, over a store that answers after some turns of the event loop. */
async function saveAtOnce(
  registries: number,
  optionsOf: (n: number) => SaveOptions,
): Promise<{ counts: Record<string, number>; versions: string[] }> {
  const memory = createMemoryBackend();
  const slow = wrapCalls(memory, async ({ signal }, act) => {
    for (let turns = 0; turns < 20; turns++) await Promise.resolve();
    return await act(signal);
  });
  const { backend, calls } = withCounts(slow);
  const opened: Registry[] = [];
  for (let n = 0; n < registries; n++) opened.push(await openRegistry(backend));
  await opened[0]!.save("model", 0);
  calls.take();
  await Promise.all(
    Array.from({ length: MANY }, (_, n) => opened[n % registries]!.save("model", n, optionsOf(n))),
  );
  const counts = { ...calls.counts };
  const versions = await Array.fromAsync(opened[0]!.versions("model"), ({ version }) => version);
  return { counts, versions };
}

const NUMBERED = Array.from({ length: MANY + 1 }, (_, n) => `${n + 1}.0.0`).reverse();

Deno.test("saves of one name at once take a list and a put each, and number their versions in turn", async () => {
  const { counts, versions } = await saveAtOnce(1, () => ({}));
  assertEquals(counts, { list: MANY, put: MANY });
  assertEquals(versions, NUMBERED);
});

Deno.test("saves of one name by several processes leave no number out", async () => {
  assertEquals((await saveAtOnce(5, () => ({}))).versions, NUMBERED);
});

Deno.test("saves of explicit versions at once take one put each", async () => {
  const { counts } = await saveAtOnce(1, (n) => ({ version: `2.0.${n}` }));
  assertEquals(counts, { put: MANY });
});

Deno.test("a save that fails lets the next ones of its name go on", async () => {
  const memory = createMemoryBackend();
  let isOpen = false, fails = true;
  const backend = wrapCalls(memory, async ({ method, signal }, act) => {
    if (method === "list" && isOpen && fails) {
      fails = false;
      throw new Error("broken");
    }
    return await act(signal);
  });
  const registry = await openRegistry(backend);
  isOpen = true;
  const saves = await Promise.allSettled([1, 2, 3].map((n) => registry.save("model", n)));
  assertEquals(saves.map(({ status }) => status), ["rejected", "fulfilled", "fulfilled"]);
});

Deno.test("a save that is aborted while others have their turn saves nothing", async () => {
  const aborting = new AbortController();
  const memory = createMemoryBackend();
  const backend = wrapCalls(memory, async ({ method, signal }, act) => {
    const done = await act(signal);
    if (method === "put") aborting.abort();
    return done;
  });
  const registry = await openRegistry(backend, { versioned: true });
  const content = new Uint8Array(100_000); // has its place before its turn
  const { signal } = aborting;
  const saves = await Promise.allSettled([
    registry.save("model", 1),
    registry.save("model", content, { signal }),
  ]);
  assertEquals(saves.map(({ status }) => status), ["fulfilled", "rejected"]);
  assertEquals((saves[1] as PromiseRejectedResult).reason.name, "AbortError");
  assertEquals(
    await Array.fromAsync(registry.versions("model"), ({ version }) => version),
    ["1.0.0"],
  );
});

/** A registry whose first save hangs while it lists, and that counts the lists. */
async function hanging(sleep: System["sleep"]) {
  const memory = createMemoryBackend();
  const hung = Promise.withResolvers<void>();
  let lists = 0, isOpen = false;
  const backend = wrapCalls(memory, async ({ method, signal }, act) => {
    if (isOpen && method === "list" && ++lists === 1) await hung.promise;
    return await act(signal);
  });
  const registry = await openRegistry(backend, { system: { ...realSystem, sleep } });
  isOpen = true;
  const first = registry.save("model", 1);
  return { registry, first, goOn: () => hung.resolve() };
}

Deno.test("a save that hangs delays others of its name for a time only", async () => {
  const waited: number[] = [];
  const { registry, first, goOn } = await hanging((ms) => {
    waited.push(ms);
    return Promise.resolve();
  });
  const others = await Promise.all([registry.save("model", 2), registry.save("model", 3)]);
  assertEquals(new Set(others.map(({ version }) => version)), new Set(["1.0.0", "2.0.0"]));
  assertEquals(waited.slice(0, 2), [10_000, 10_000]);
  goOn();
  assertEquals((await first).version, "3.0.0");
});

Deno.test("an abort ends the wait for a save that hangs", async () => {
  const waits = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let waiting = 0;
  const { registry, first, goOn } = await hanging(() => {
    waits[waiting++]?.resolve();
    return new Promise(() => {}); // its time never comes
  });
  const aborting = new AbortController();
  const second = registry.save("model", 2, { signal: aborting.signal });
  await waits[0]!.promise;
  const third = registry.save("model", 3);
  await waits[1]!.promise;
  aborting.abort();
  await assertRejects(() => second, DOMException, "aborted");
  assertEquals((await third).version, "1.0.0"); // it waited for the second only
  goOn();
  assertEquals((await first).version, "2.0.0");
});
