import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Backend, ObjectInfo } from "../../../core/backend.ts";
import { fault, RegistryError, unavailable } from "../../../core/errors.ts";
import { encodeName } from "../../../core/naming/names.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { Fingerprint } from "../../../core/bytes/fingerprint.ts";
import { passNames } from "../../../registry/pass/pass_names.ts";
import { type Context, contextOf } from "../../../registry/operations/context.ts";
import { createListedStore } from "./listed_store.ts";
import { rowsOfRun } from "../../support/seeds.ts";

interface Names {
  title: string;
  count: number;
  nameOf(n: number): string;
  recordsOf?(n: number): number;
  /** Ranges that are listed at once, at least. */
  ranges: number;
}

const hash = (n: number) => (Math.imul(n, 0x9e3779b1) >>> 0).toString(36);

const CASES: Names[] = [
  { title: "no names", count: 0, nameOf: String, ranges: 1 },
  { title: "one name", count: 1, nameOf: String, recordsOf: () => 30_000, ranges: 1 },
  {
    title: "numbered names",
    count: 100_000,
    nameOf: (n) => `dataset-${String(n).padStart(6, "0")}`,
    ranges: 6,
  },
  {
    title: "names in folders, with one large name",
    count: 50_000,
    nameOf: (n) => `Team ${n % 3}/${["modèle", "model", "モデル"][n % 3]}:${hash(n)}`,
    recordsOf: (n) => n === 7_000 ? 3_000 : 1,
    ranges: 4,
  },
  {
    title: "names that begin with others",
    count: 50_000,
    nameOf: (n) => "a".repeat(n % 6 + 1) + (n < 6 ? "" : `-${hash(n)}`),
    ranges: 2,
  },
];

function infosOf(
  { count, nameOf, recordsOf = () => 1 }: Pick<Names, "count" | "nameOf" | "recordsOf">,
) {
  const infos: ObjectInfo[] = [];
  for (let n = 0; n < count; n++) {
    const folder = `names/${encodeName(nameOf(n))}/versions/single/_`;
    for (let m = 0; m < recordsOf(n); m++) {
      const key = `${folder}/${String(m).padStart(16, "0")}.rec`;
      infos.push({ key, size: 300, modifiedAt: 1_000 * n, etag: `"${n}-${m}"` });
    }
  }
  return infos.sort((a, b) => a.key < b.key ? -1 : 1);
}

const NUMBERED = { count: 30_000, nameOf: (n: number) => `n${String(n).padStart(6, "0")}` };

const registry = await openRegistry(createMemoryBackend());

function contextOn(backend: Backend): Context {
  return { ...contextOf(registry, "list"), backend };
}

for (const { title, ranges, ...names } of rowsOfRun(CASES)) {
  Deno.test(`a pass yields each name once, with all its records: ${title}`, async () => {
    const infos = infosOf(names);
    const store = createListedStore(infos);
    const found: ObjectInfo[] = [];
    let count = 0;
    for await (const { name, entries } of passNames(contextOn(store))) {
      assert(entries.length > 0 && entries.every(({ key }) => key.startsWith(`names/${name}/`)));
      found.push(...entries);
      count++;
    }
    assertEquals(count, names.count);
    assertEquals(found.length, infos.length);
    assert(found.sort((a, b) => a.key < b.key ? -1 : 1).every((info, n) => info === infos[n]));
    assert(store.lists <= 2 * infos.length / 1000 + 1, `${store.lists} lists`);
    assert(store.mostOpen >= ranges && store.mostOpen <= 16, `${store.mostOpen} ranges at once`);
    assertEquals(store.open, 0);
  });
}

Deno.test("a pass over a prefix yields the names that begin with it", async () => {
  for (
    const [prefix, count] of [["n01", 10_000], ["n0123", 100], ["n", 30_000], ["o", 0]] as const
  ) {
    const store = createListedStore(infosOf(NUMBERED));
    const passing = passNames(contextOn(store), { prefix });
    const passed = await Array.fromAsync(passing, ({ name }) => name);
    assertEquals(new Set(passed).size, count);
    assert(passed.length === count && passed.every((name) => name.startsWith(prefix)));
    assert(store.lists <= 2 * count / 1000 + 2, `${store.lists} lists`);
  }
});

Deno.test("a pass skips foreign files and folders", async () => {
  const keys = ["names/a/x", "names/b", "names/b/versions/y", "names/c%/z", "names/É/z"];
  const store = createListedStore(keys.map((key) => ({ key, size: 1, modifiedAt: 1 })));
  const passed = await Array.fromAsync(passNames(contextOn(store)), ({ name }) => name);
  assertEquals(passed, ["a", "b"]);
});

Deno.test("a pass that its caller ends early ends all lists", async () => {
  const store = createListedStore(infosOf(NUMBERED));
  let count = 0;
  for await (const _ of passNames(contextOn(store))) if (++count === 25_000) break;
  assert(store.mostOpen > 1);
  assertEquals(store.open, 0);
});

Deno.test("a pass reads a few pages ahead, not all", async () => {
  const store = createListedStore(infosOf(NUMBERED));
  for await (const _ of passNames(contextOn(store))) {
    for (let turn = 0; turn < 1000; turn++) await Promise.resolve();
    break;
  }
  assert(store.lists <= 3, `${store.lists} lists`);
});

Deno.test("a pass throws the failure of any range, and ends the others", async () => {
  const infos = infosOf(NUMBERED);
  for (const { key } of [infos[0], infos[14_000], infos[29_000]]) {
    let isFailing = false;
    const store = createListedStore(infos, (after) => {
      isFailing ||= after >= key;
      if (isFailing) throw unavailable("list", undefined, "too many requests");
    });
    await assertRejects(
      () => Array.fromAsync(passNames(contextOn(store))),
      RegistryError,
      "too many",
    );
    assertEquals(store.open, 0);
  }
});

Deno.test("a pass ends with its signal", async () => {
  const stop = new AbortController();
  const store = createListedStore(infosOf(NUMBERED), (after) => {
    if (after.startsWith("names/n015")) stop.abort(new Error("enough"));
  });
  const passing = passNames(contextOn(store), { signal: stop.signal });
  await assertRejects(() => Array.fromAsync(passing), Error, "enough");
  assertEquals(store.open, 0);
});

Deno.test("a pass reports places that cannot be listed, and skips their names", async () => {
  const infos = infosOf({ count: 9, nameOf: (n) => `n${n}`, recordsOf: () => 2 });
  const denied = (key: string) =>
    fault({
      code: "Denied",
      action: "list",
      subject: "",
      state: "permission denied",
      hint: "",
      key,
    });
  const inner = createListedStore(infos);
  const backend: Backend = {
    ...createMemoryBackend(),
    async *list(prefix, options) {
      if (prefix !== "names/") return;
      for await (const entry of inner.list(prefix, options)) {
        const key = "key" in entry ? entry.key : "";
        if (key === infos[7].key) throw denied(key); // the second record of a name
        yield entry;
      }
    },
  };
  const failures: unknown[] = [];
  const onFailure = ({ key }: RegistryError, name?: string) => void failures.push([key, name]);
  const passed = await Array.fromAsync(
    passNames(contextOn(backend), { onFailure }),
    ({ name, entries }) => `${name}: ${entries.length}`,
  );
  assertEquals(failures, [[infos[7].key, "n3"]]);
  assertEquals(passed, [0, 1, 2, 4, 5, 6, 7, 8].map((n) => `n${n}: 2`));
  await assertRejects(
    () => Array.fromAsync(passNames(contextOn(backend))),
    RegistryError,
    "denied",
  );
});

Deno.test("fingerprints are equal for equal listings only", () => {
  const info = { key: "names/a/versions/x.rec", size: 1, modifiedAt: 2, etag: "3" };
  const of = (...entries: ObjectInfo[]) => Fingerprint.of(entries);
  const fingerprints = [
    of(info),
    of(info, info),
    of({ ...info, key: "names/a/versions/y.rec" }),
    of({ ...info, size: 2 }),
    of({ ...info, modifiedAt: 3 }),
    of({ ...info, etag: "4" }),
    of({ ...info, etag: undefined }),
    Fingerprint.of([info], { salt: "settings" }),
    Fingerprint.of([info], { without: "names/a/" }),
  ];
  assertEquals(new Set(fingerprints).size, fingerprints.length);
  assertEquals(of({ ...info }), fingerprints[0]);
  assertMatch(fingerprints[0], /^[0-9a-f]{32}$/);
});
