import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { RegistryError } from "../../../core/errors.ts";
import type { ManyProgress, SaveEntry } from "../../../core/registry.ts";
import { collect, rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";
import { testInMemory, testOnEach } from "../registries.ts";

const MANY: SaveEntry[] = Array.from({ length: 40 }, (_, i) => ({ name: `n${i % 10}`, value: i }));

testOnEach(
  "saveMany() numbers the same name in input order, with results at their own index",
  async ({ registry }) => {
    const { results, succeeded, failed, errors } = await registry.saveMany(MANY);
    assertEquals(succeeded, MANY.map((_, i) => i));
    assertEquals([failed, errors.size], [[], 0]);
    for (const [i, result] of results.entries()) {
      assert(result.ok);
      assertEquals([result.value.name, result.value.version], [
        `n${i % 10}`,
        `${Math.floor(i / 10) + 1}.0.0`,
      ]);
      assertEquals(await registry.load(`${result.value.name}@${result.value.version}`), i);
    }
  },
);

testOnEach(
  "saveMany() refuses the same explicit version twice at the second index",
  async ({ registry }) => {
    const entries = [
      { name: "a", value: 0, version: "1" },
      { name: "b", value: 1, version: "1" },
      { name: "a", value: 2, version: "1.0.0" },
      { name: "a", value: 3, version: "2" },
    ];
    const { results, succeeded, failed, errors } = await registry.saveMany(entries);
    assertEquals([succeeded, failed], [[0, 1, 3], [2]]);
    assertEquals(errors.get(2)?.code, "AlreadyExists");
    assert(!results[2].ok && results[2].error === errors.get(2));
    assertEquals(await registry.load("a@1"), 0);
  },
);

testOnEach(
  "saveMany() takes a name and its only version for one cell where there are no versions",
  async ({ registry }) => {
    const entries = Array.from(
      { length: 6 },
      (_, i) => ({ name: "a", value: i, ...(i % 2 === 0 ? {} : { version: "1" }) }),
    );
    const { succeeded } = await registry.saveMany(entries);
    assertEquals(succeeded, [0]);
    assertEquals(await registry.load("a"), 0);
  },
  { versioned: false },
);

testOnEach("saveMany() goes on past a failure, each an error with a code", async ({ registry }) => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const { succeeded, errors } = await registry.saveMany([
    { name: "a", value: 1 },
    { name: "bad@name", value: 1 },
    { name: "a", value: cyclic },
    { name: "a", value: 2, version: "01" },
    { name: "a", value: 3, metadata: { x: NaN } },
    { name: "a", value: 4 },
  ]);
  assertEquals(succeeded, [0, 5]);
  assertEquals([...errors].map(([i, { code }]) => [i, code]), [[1, "Invalid"], [2, "Unsupported"], [
    3,
    "Invalid",
  ], [
    4,
    "Invalid",
  ]]);
  assertEquals(await registry.load("a@2"), 4);
});

testOnEach("loadMany() gives values and errors by input index", async ({ registry }) => {
  await registry.saveMany(MANY);
  const refs = ["n3", "nothing", "n3@1", "n3@^9", "n4@production", "n4@2.0.0", "n3"];
  const { results, succeeded, failed, errors } = await registry.loadMany(refs);
  assertEquals(results.map((result) => result.ok ? result.value : undefined), [
    33,
    undefined,
    3,
    undefined,
    undefined,
    14,
    33,
  ]);
  assertEquals([succeeded, failed], [[0, 2, 5, 6], [1, 3, 4]]);
  assertEquals(new Set([...errors.values()].map(({ code }) => code)), new Set(["NotFound"]));
  const first = await registry.loadMany(["n1", "n2"], { version: "1" });
  assertEquals(first.results.map((result) => result.ok && result.value), [1, 2]);
});

testOnEach(
  "saveMany() and loadMany() keep at most so many under way, and so many at once",
  async ({ registry, open }) => {
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
      await counting.saveMany(entries, { concurrency });
      await counting.loadMany(entries.map(({ name }) => name), { concurrency });
      assertEquals(most, concurrency);
    }
    for (const concurrency of [0, -1, 1.5, NaN]) {
      await rejected("Invalid", registry.saveMany([], { concurrency }));
    }
  },
);

testInMemory(
  "saveMany() and loadMany() keep more under way where a store answers late",
  async () => {
    const entries = Array.from(
      { length: 60 },
      (_, i) => ({ name: `x${i}`, value: i, version: "1.0.0" }),
    );
    const most: number[] = [];
    for (const kind of ["memory", "local", "s3", "yours"]) {
      let running = 0, peak = 0;
      const counting = {
        ...withHooks(createMemoryBackend(), {
          before: ({ verb }) =>
            verb === "list" ? undefined : void (peak = Math.max(peak, ++running)),
          async after({ verb }) {
            for (let i = 0; i < 1_000; i++) await Promise.resolve(); // until nobody begins anything any more
            if (verb !== "list") running--;
          },
        }),
        kind,
        ...(kind === "local" && { layout: "folded" as const }),
      };
      const registry = await openRegistry(counting, { cache: false });
      for (
        const action of [
          () => registry.saveMany(entries),
          () => registry.loadMany(entries.map(({ name }) => name)),
        ]
      ) {
        peak = 0;
        await action();
        most.push(peak);
      }
    }
    assertEquals(most, [16, 16, 16, 16, 32, 48, 32, 48]);
  },
);

testInMemory(
  "saveMany() takes inputs as they come, and asks for no more than it works on",
  async ({ registry }) => {
    let asked = 0, done = 0;
    async function* entries(): AsyncGenerator<SaveEntry> {
      for (let i = 0; i < 30; i++) {
        assert(asked - done <= 4, `${asked} asked, ${done} done`);
        asked++;
        yield await Promise.resolve({ name: `n${i}`, value: i });
      }
    }
    const heard: ManyProgress[] = [];
    const { succeeded } = await registry.saveMany(entries(), {
      concurrency: 4,
      onProgress: (progress) => {
        done++;
        heard.push(progress);
      },
    });
    assertEquals(succeeded.length, 30);
    assertEquals(heard.map(({ done }) => done), Array.from({ length: 30 }, (_, i) => i + 1));
    assertEquals(new Set(heard.map(({ index }) => index)).size, 30);
  },
);

testInMemory(
  "saveMany() waits for what is under way when its inputs fail",
  async ({ registry }) => {
    const cause = new Error("no more rows");
    function* entries(): Generator<SaveEntry> {
      yield { name: "a", value: 1 };
      yield { name: "b", value: 2 };
      throw cause;
    }
    assertStrictEquals(await assertRejects(() => registry.saveMany(entries())), cause);
    assertEquals((await collect(registry.names())).sort(), ["a", "b"]);
  },
);

testOnEach(
  "saveMany() ends with the reason of a signal, and leaves nothing running",
  async ({ registry }) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const promise = registry.saveMany(MANY.map((entry, i) => ({ ...entry, name: `m${i}` })), {
      concurrency: 2,
      signal: controller.signal,
      onProgress: ({ done }) => done === 10 && controller.abort(reason),
    });
    assertStrictEquals(await assertRejects(() => promise), reason);
    const names = (await collect(registry.names())).length;
    assert(names >= 10 && names < 14, `${names}`);
    assertStrictEquals(
      await assertRejects(() => registry.loadMany(["m0"], { signal: controller.signal })),
      reason,
    );
  },
);

testInMemory("loadMany() calls a failure of the caller's own code one", async ({ registry }) => {
  await registry.save("a", 1);
  const as = {
    id: "json",
    formatVersion: 1,
    save: () => [],
    load: () => Promise.reject(new TypeError("bug")),
  };
  const { errors } = await registry.loadMany(["a"], { as });
  assertInstanceOf(errors.get(0), RegistryError);
  assertEquals(errors.get(0)?.code, "TaskFailed");
});

testInMemory(
  "saveMany() throws what onProgress throws, after what is under way has ended",
  async ({ registry }) => {
    async function* entries() {
      for (const name of ["a", "b", "c"]) yield await Promise.resolve({ name, value: name });
    }
    const failing = registry.saveMany(entries(), {
      onProgress() {
        throw new Error("the caller's own");
      },
    });
    await assertRejects(() => failing, Error, "the caller's own");
  },
);

testInMemory(
  "an abort ends a batch that waits for an input, and closes its source",
  async ({ registry }) => {
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
    const error = await registry.saveMany(inputs, { signal: aborting.signal }).catch((error) =>
      error
    );
    assertEquals([error, closed], ["enough", true]);
  },
);

testInMemory(
  "a source that gives its inputs at once is drawn like any other",
  async ({ registry }) => {
    let given = 0;
    const next = () => ({ done: given++ === 2, value: { name: `n${given}`, value: given } });
    const inputs = { [Symbol.asyncIterator]: () => ({ next }) } as unknown as AsyncIterable<
      SaveEntry
    >;
    const { results } = await registry.saveMany(inputs);
    assertEquals(results.map(({ ok }) => ok), [true, true]);
  },
);
