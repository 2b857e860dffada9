import { loadMany, saveMany } from "../../../registry/contract/many.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import type { SaveEntry } from "../../../core/registry.ts";
import { collect, rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";
import { testInMemory, testOnEach } from "../registries.ts";

const MANY: SaveEntry[] = Array.from({ length: 40 }, (_, i) => ({ name: `n${i % 10}`, value: i }));

testOnEach("saveMany() refuses a repeated version", async ({ registry }) => {
  const entries = [
    { name: "a", value: 0, version: "1" },
    { name: "b", value: 1, version: "1" },
    { name: "a", value: 2, version: "1.0.0" },
    { name: "a", value: 3, version: "2" },
  ];
  const { results, succeeded, failed, errors } = await saveMany(registry, entries);
  assertEquals([succeeded, failed], [[0, 1, 3], [2]]);
  assertEquals(errors.get(2)?.code, "AlreadyExists");
  assert(!results[2].ok && results[2].error === errors.get(2));
  assertEquals(await registry.load("a@1"), 0);
});

testOnEach(
  "one call with a list is refused, with the call that takes one",
  async ({ registry }) => {
    const calls = registry as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const save = await rejected("Invalid", calls.save!(["a", "b"], [1, 2]), /the name is a list/);
    assertStrictEquals(save.hint, "Call saveMany(registry, [{ name, value }]).");
    const load = await rejected("Invalid", calls.load!(["a", "b"]), /the ref is a list/);
    assertStrictEquals(load.hint, "Call loadMany(registry, refs).");
    const info = await rejected("Invalid", calls.info!(["a"]), /the ref is a list/);
    assertStrictEquals(info.hint, "Call it for each of them.");
  },
);

testOnEach("saveMany() orders saves of one value", async ({ registry }) => {
  const entries = Array.from(
    { length: 6 },
    (_, i) => ({ name: "a", value: i, ...(i % 2 === 0 ? {} : { version: "1" }) }),
  );
  const { succeeded } = await saveMany(registry, entries);
  assertEquals(succeeded, [0]);
  assertEquals(await registry.load("a"), 0);
}, { versioned: false });

testOnEach("concurrency limits saveMany() and loadMany()", async ({ registry, open }) => {
  let running = 0, most = 0;
  const counting = await open({}, (inner) =>
    withHooks(inner, {
      before({ verb }) {
        if (verb !== "list") most = Math.max(most, ++running);
        return Promise.resolve();
      },
      async after({ verb }) {
        for (let i = 0; i < 5; i++) await Promise.resolve();
        if (verb !== "list") running--;
      },
    }));
  const entries = MANY.map(({ value }, i) => ({ name: `x${i}`, value }));
  for (const concurrency of [1, 3]) {
    most = 0;
    await saveMany(counting, entries, { concurrency });
    await loadMany(counting, entries.map(({ name }) => name), { concurrency });
    assertEquals(most, concurrency);
  }
  for (const concurrency of [0, -1, 1.5, NaN]) {
    await rejected("Invalid", saveMany(registry, [], { concurrency }));
  }
});

testInMemory("the default concurrency depends on the store", async () => {
  const entries = Array.from(
    { length: 60 },
    (_, i) => ({ name: `x${i}`, value: i, version: "1.0.0" }),
  );
  const most: number[] = [];
  for (const kind of ["memory", "local", "s3", "yours"]) {
    let running = 0, peak = 0;
    const counting = {
      ...withHooks(createMemoryBackend(), {
        before: ({ verb }) => verb === "list" ? undefined : void (peak = Math.max(peak, ++running)),
        async after({ verb }) {
          for (let i = 0; i < 1_000; i++) await Promise.resolve(); // until no task starts
          if (verb !== "list") running--;
        },
      }),
      kind,
      ...(kind === "local" && { disk: { locking: "link", layout: "folded" } as const }),
    };
    const registry = await openRegistry(counting, { cache: false });
    for (
      const action of [
        () => saveMany(registry, entries),
        () => loadMany(registry, entries.map(({ name }) => name)),
      ]
    ) {
      peak = 0;
      await action();
      most.push(peak);
    }
  }
  assertEquals(most, [16, 16, 16, 16, 32, 48, 32, 48]);
});

testInMemory("saveMany() waits for running saves when inputs fail", async ({ registry }) => {
  const cause = new Error("no more rows");
  function* entries(): Generator<SaveEntry> {
    yield { name: "a", value: 1 };
    yield { name: "b", value: 2 };
    throw cause;
  }
  assertStrictEquals(await assertRejects(() => saveMany(registry, entries())), cause);
  assertEquals((await collect(registry.names())).sort(), ["a", "b"]);
});

testInMemory("saveMany() throws errors of onProgress", async ({ registry }) => {
  async function* entries() {
    for (const name of ["a", "b", "c"]) yield await Promise.resolve({ name, value: name });
  }
  const failing = saveMany(registry, entries(), {
    onProgress() {
      throw new Error("the caller's own");
    },
  });
  await assertRejects(() => failing, Error, "the caller's own");
});

testInMemory("an abort closes a source that stalls", async ({ registry }) => {
  const aborting = new AbortController();
  const silent = Promise.withResolvers<void>();
  let closed = false;
  const inputs: AsyncIterable<SaveEntry> = {
    [Symbol.asyncIterator]() {
      let given = false;
      return {
        async next() {
          if (given) {
            queueMicrotask(() => aborting.abort("enough"));
            await silent.promise; // never
          }
          given = true;
          return { done: false, value: { name: "a", value: 1 } };
        },
        return() {
          closed = true;
          return Promise.resolve({ done: true, value: undefined });
        },
      };
    },
  };
  const error = await saveMany(registry, inputs, { signal: aborting.signal }).catch((error) =>
    error
  );
  assertEquals([error, closed], ["enough", true]);
});

testInMemory("a synchronous iterator is accepted", async ({ registry }) => {
  let given = 0;
  const next = () => ({ done: given++ === 2, value: { name: `n${given}`, value: given } });
  const inputs = { [Symbol.asyncIterator]: () => ({ next }) } as unknown as AsyncIterable<
    SaveEntry
  >;
  const { results } = await saveMany(registry, inputs);
  assertEquals(results.map(({ ok }) => ok), [true, true]);
});
