// Names from listings of any shape: what is listed, and how many requests it takes.
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend, ObjectInfo } from "../../../core/backend.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import { wrapBackend, wrapCalls } from "../../../core/work/wrap_backend.ts";
import { realSystem } from "../../../core/system.ts";
import {
  aliasCell,
  keyCell,
  nameFolder,
  parseCellKey,
  recordKey,
  versionCell,
} from "../../../registry/format/layout.ts";
import { TOMBSTONE_BYTES } from "../../../registry/format/record_codec.ts";
import type { NamesOptions } from "../../../core/registry.ts";
import type { Context } from "../../../registry/operations/context.ts";
import { listNames } from "../../../registry/operations/names.ts";
import { withCounts } from "../../bench/counted_backend.ts";
import { IS_QUICK } from "../../support/seeds.ts";
import { collect } from "../rejected.ts";

/** The records of a name. A listing reads their keys and sizes. */
interface Shape {
  name: string;
  aliases: number;
  keys: number;
  /** The newest versions, which are deleted. */
  deleted: number;
  live: number;
  /** A file that is not a record. */
  foreign?: "before" | "in" | "after";
}

/** Returns the entries of a listing, in its order. */
function entriesOf(shapes: readonly Shape[]): ObjectInfo[] {
  const entries: ObjectInfo[] = [];
  const add = (key: string, size = 3) => entries.push({ key, size, modifiedAt: 0 });
  for (const { name, aliases, keys, deleted, live, foreign } of shapes) {
    for (let n = 1; n <= aliases; n++) add(recordKey(aliasCell(name, "production"), n));
    for (let n = 0; n < keys; n++) add(recordKey(keyCell(name, `key ${n}`), 1));
    for (let n = 1; n <= deleted + live; n++) {
      const cell = versionCell(name, parseVersion(`${n}`), true);
      add(recordKey(cell, 1));
      if (n > live) add(recordKey(cell, 2), TOMBSTONE_BYTES);
    }
    const folder = nameFolder(name);
    if (foreign === "before") add(`${folder}README.txt`);
    if (foreign === "in") add(`${folder}versions/final/README.txt`);
    if (foreign === "after") add(`${folder}zzz.txt`);
  }
  return entries.sort((a, b) => a.key < b.key ? -1 : 1);
}

/** Returns the names with a live version, from all records. */
function namesIn(entries: readonly ObjectInfo[]): string[] {
  const names = new Set<string>(), cells = new Set<string>();
  for (const { key, size } of entries) {
    const record = parseCellKey(key);
    if (record?.kind !== "version" || cells.has(record.cell)) continue;
    cells.add(record.cell);
    if (size !== TOMBSTONE_BYTES) names.add(record.name);
  }
  return [...names];
}

/** A store with these entries, which are only listed. */
function storeOf(entries: readonly ObjectInfo[]): Backend {
  return wrapBackend(createMemoryBackend(), {
    async *list(prefix, { after = "", limit = Infinity, delimiter } = {}) {
      const first = (key: string) => {
        let low = 0, high = entries.length;
        while (low < high) {
          const middle = (low + high) >> 1;
          if (entries[middle]!.key < key) low = middle + 1;
          else high = middle;
        }
        return low;
      };
      let group = "";
      for (let at = first(after < prefix ? prefix : `${after}\0`); limit > 0; at++) {
        const entry = entries[at];
        if (!entry?.key.startsWith(prefix)) return;
        if (group !== "" && entry.key.startsWith(group)) continue;
        const end = delimiter === undefined ? -1 : entry.key.indexOf(delimiter, prefix.length);
        group = entry.key.slice(0, end + 1);
        if (group !== "" && group <= after) continue;
        limit--;
        yield group === "" ? entry : { prefix: group };
      }
    },
  });
}

async function listIn(backend: Backend, options?: NamesOptions): Promise<string[]> {
  return await collect(listNames({ backend } as Context, options));
}

/** Views of the same objects, as other stores show them. */
const STORES: Record<string, (backend: Backend) => Backend> = {
  "a bucket": (backend) => backend,
  "short pages": (backend) =>
    wrapCalls(backend, async (_call, act) => await act(undefined), { pageEntries: 7 }),
};

const sizes = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 4 }) },
  { weight: 2, arbitrary: fc.integer({ min: 190, max: 210 }) },
  { weight: 1, arbitrary: fc.constantFrom(499, 999, 1000, 1001, 1100) },
);
const shapes = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[abA]{1,2}([:/-][abé])?$/),
    aliases: sizes,
    keys: sizes,
    deleted: sizes,
    live: sizes,
    foreign: fc.option(fc.constantFrom("before", "in", "after"), { nil: undefined, freq: 6 }),
  }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 8 },
);

Deno.test("names() lists what a listing of all records shows, in its order", async () => {
  const runs = IS_QUICK ? 5 : 60;
  await fc.assert(
    fc.asyncProperty(shapes, fc.infiniteStream(fc.nat()), async (shapes, choices) => {
      const entries = entriesOf(shapes), backend = storeOf(entries), all = namesIn(entries);
      const choose = <T>(from: readonly T[]) => from[choices.next().value! % from.length]!;
      for (const [store, view] of Object.entries(STORES)) {
        assertEquals(await listIn(view(backend)), all, store);
        const { name } = choose(shapes);
        const prefix = choose(["", "a", "ab", name]), limit = choose([1, 2, 5, 30]);
        const after = choose([undefined, name]);
        const begin = all.filter((each) => each.startsWith(prefix));
        const from = after === undefined ? begin : begin.slice(
          begin.filter((each) => nameFolder(each) <= nameFolder(after)).length,
        );
        const asked = { prefix, after, limit };
        assertEquals(
          await listIn(view(backend), asked),
          from.slice(0, limit),
          `${store}: ${JSON.stringify(asked)}`,
        );
      }
    }),
    { numRuns: runs, seed: 78 },
  );
});

/** Lists all names in a counting store. Returns its lists, and the most at once. */
async function countLists(shapes: readonly Shape[], limit?: number) {
  const entries = entriesOf(shapes);
  let now = 0, most = 0;
  const { backend, calls } = withCounts(wrapCalls(storeOf(entries), async (_call, act) => {
    most = Math.max(most, ++now);
    await realSystem.sleep(0); // others may begin
    const result = await act(undefined);
    now--;
    return result;
  }));
  const names = await listIn(backend, { limit });
  const { list = 0, ...others } = calls.counts;
  assertEquals(others, {});
  assertEquals(names, namesIn(entries).slice(0, limit));
  return { lists: list, most };
}

const versions = (count: number, live: number, shape: Partial<Shape> = {}): Shape[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ name: `n${String(n).padStart(4, "0")}`, aliases: 0, keys: 0, deleted: 0, live },
    ...shape,
  }));

Deno.test("names() takes a request for each 1,000 records, or fewer", async () => {
  assertEquals((await countLists(versions(250, 10))).lists, 3);
  assertEquals((await countLists(versions(250, 10), 50)).lists, 1);
  // The rest of a name at the end of a page is skipped.
  assertLessOrEqual((await countLists(versions(40, 300))).lists, 11);
  assertLessOrEqual((await countLists(versions(40, 100, { keys: 200 }))).lists, 14);
});

Deno.test("names() asks side by side for names that fill pages, and for no more than it lists", async () => {
  const large = versions(20, 1_100);
  const all = await countLists(large);
  assertEquals(all.lists, 24);
  assert(all.most > 4 && all.most <= 16, `${all.most} at once`);
  const some = await countLists(large, 10);
  assertLessOrEqual(some.lists, 14);
});

Deno.test("names() lists each name once beside a foreign file", async () => {
  const shape = { aliases: 0, keys: 0, deleted: 0, live: 1_100 };
  const entries = entriesOf(["a", "b", "cversions", "d"].map((name) => ({ name, ...shape })));
  entries.push({ key: "names/c", size: 3, modifiedAt: 0 });
  entries.sort((a, b) => a.key < b.key ? -1 : 1);
  for (const [store, view] of Object.entries(STORES)) {
    assertEquals(await listIn(view(storeOf(entries))), ["a", "b", "cversions", "d"], store);
  }
});
