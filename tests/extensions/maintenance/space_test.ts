// Measuring all names from one list of their payload and one of their records.
import { assertEquals, assertLessOrEqual } from "@std/assert";
import { createMemoryBackend, openRegistry, saveMany } from "../../../mod.ts";
import {
  measureSpace,
  type SpaceOptions,
  type SpaceReport,
} from "../../../extensions/maintenance/mod.ts";
import { decodeNote, encodeNote } from "../../../registry/pass/noted.ts";
import { encodeName } from "../../../core/naming/names.ts";
import { withCounts } from "../../bench/counted_backend.ts";
import { createProtocolWorld, HOUR } from "../../registry/protocol_world.ts";

Deno.test("measureSpace() lists all names at once, and reads each record", async () => {
  const store = createMemoryBackend();
  const COUNT = 300;
  const names = Array.from({ length: COUNT }, (_, n) => `runs:${n}`);
  const saved = names.map((name) => ({ name, value: new Uint8Array(40_000) }));
  await saveMany(await openRegistry(store), saved);
  const { backend, calls: { counts } } = withCounts(store);
  const report = await measureSpace(await openRegistry(backend));
  assertEquals([report.names.length, report.failures], [COUNT, []]);
  assertLessOrEqual(counts.list, 20);
  assertLessOrEqual(counts.get, COUNT + 5);
});

const measured = ({ names, days, garbage, failures }: SpaceReport) => ({
  names,
  days,
  garbage,
  failures,
});

Deno.test("measureSpace() keeps the sizes of names that did not change", async () => {
  const world = await createProtocolWorld({ mutable: true });
  const { registry } = world;
  const names = Array.from({ length: 40 }, (_, n) => `runs:${n}`);
  await saveMany(registry, names.map((name) => ({ name, value: new Uint8Array(40_000) })));
  world.advance(HOUR);
  const reads = async (options?: SpaceOptions) => {
    world.backend.forget();
    const report = await measureSpace(registry, options);
    const keys = world.backend.asked({ verb: "get", key: /^names\/./ });
    return { report, keys, names: new Set(keys.map((call) => call.split("/")[1])) };
  };
  const first = await reads();
  assertEquals(first.names.size, 40);
  const second = await reads();
  assertEquals([measured(second.report), second.keys], [measured(first.report), []]);
  assertEquals((await reads({ all: true })).names.size, 40);

  await registry.save("runs:1", 1);
  await registry.delete("runs:2@1");
  await registry.setAlias("runs:3", "live", "1");
  world.advance(HOUR);
  const third = await reads();
  assertEquals(third.names, new Set([1, 2, 3].map((n) => encodeName(`runs:${n}`))));
  assertEquals((await reads()).names, new Set([encodeName("runs:2")]), "it has garbage");
  const [whole, again] = [await reads({ all: true }), await reads()];
  assertEquals(measured(again.report), measured(whole.report));
});

Deno.test("measureSpace() ignores a table that is damaged, strange or of another registry", async () => {
  const world = await createProtocolWorld();
  const { registry, store } = world;
  await registry.save("a", 1);
  world.advance(HOUR);
  const whole = measured(await measureSpace(registry));
  const key = "gc/.space/0";
  const bytes = await (await store.get(key))!.bytes();
  const { registry: id, table, names } = decodeNote(bytes) as {
    registry: string;
    table: string;
    names: Record<string, [string, number, number[], unknown[]]>;
  };
  const [[name, [fingerprint, until, sizes, days]]] = Object.entries(names);
  const entries: unknown[] = [
    [fingerprint, until, sizes.slice(1), days],
    [fingerprint, until, sizes.with(2, -1), days],
    [fingerprint, until, sizes, [{ day: 1, versions: 1, size: 1 }]],
    ["0", until, sizes.with(2, 9), days],
    [fingerprint, 0, sizes.with(2, 9), days],
    [fingerprint, 8e15, sizes.with(2, 9), days],
  ];
  const pages = [
    new Uint8Array(100),
    encodeNote({
      registry: "other",
      table,
      names: { [name]: [fingerprint, until, sizes.with(2, 9), days] },
    }),
    ...entries.map((entry) => encodeNote({ registry: id, table, names: { [name]: entry } })),
  ];
  for (const [n, page] of pages.entries()) {
    await store.put(key, page);
    assertEquals(measured(await measureSpace(registry)), whole, `${n}`);
  }
});

Deno.test("measureSpace() of a registry that is read only writes nothing", async () => {
  const store = createMemoryBackend();
  await (await openRegistry(store)).save("a", 1);
  const { backend, calls } = withCounts(store);
  await measureSpace(await openRegistry(backend, { readOnly: true }));
  assertEquals([calls.counts.put, calls.counts.delete], [undefined, undefined]);
});
