// Tables of the collector that are lost, damaged, old, or of another program.
import { assert, assertEquals } from "@std/assert";
import { decodeNote, encodeNote } from "../../../../registry/pass/noted.ts";
import { denied } from "../../../registry/scripted_backend.ts";
import {
  addCrashedUpload,
  DAY,
  LARGE,
  MONTH,
  type Names,
  night,
  PAGE,
  quietWorld,
} from "./quiet_world.ts";

/** Changes of the table by others: what each does to a night. */
const ATTACKS: Record<string, (names: Names, now: number) => unknown> = {
  "lost": () => undefined,
  "not JSON": () => "x",
  "of another shape": (names) => Object.fromEntries(Object.keys(names).map((name) => [name, [1]])),
  "without names": (names) => ({ ".": names["."] }),
  "of a program that noted no run": ({ a, b, c }) => {
    const other = ([, until]: unknown[] = []) => ["0".repeat(32), until];
    return { a: other(a), b: other(b), c: other(c) };
  },
  "with fingerprints of other names": (names) => {
    const values = Object.values(names);
    return Object.fromEntries(
      Object.keys(names).map((name, n) => [name, values[(n + 1) % values.length]]),
    );
  },
  "with times far ahead": (names, now) => {
    const change = ([name, [fingerprint]]: [string, unknown[]]) => [name, [fingerprint, now * 2]];
    return Object.fromEntries(Object.entries(names).map(change));
  },
  "with waiting garbage until a time that no clock shows": (names) => {
    const change = ([name, entry]: [string, unknown[]]) => [name, [...entry, 1, 1, 1e300]];
    return Object.fromEntries(Object.entries(names).map(change));
  },
  "with infinite times": (names) => {
    const change = ([name, [fingerprint]]: [string, unknown[]]) => [name, [fingerprint, 1e999]];
    return Object.fromEntries(Object.entries(names).map(change));
  },
  "with times that have passed": (names, now) => {
    const change = ([name, [fingerprint]]: [string, unknown[]]) => [name, [fingerprint, now - 1]];
    return Object.fromEntries(Object.entries(names).map(change));
  },
};
for (const [title, attack] of Object.entries(ATTACKS)) {
  Deno.test(`gc looks at all names if its table is wrong: ${title}`, async () => {
    const world = await quietWorld("a", "b", "c");
    const { registry, table, names } = decodeNote(
      await (await world.store.get(PAGE))!.bytes(),
    ) as { registry: string; table: string; names: Names };
    const changed = attack(names, world.clocks.store);
    if (changed === undefined) await world.store.delete(PAGE);
    else await world.store.put(PAGE, encodeNote({ registry, table, names: changed }));
    assertEquals(await night(world), ["a", "b", "c"]);
    assertEquals(await night(world), [], "the table is right again");
  });
}

Deno.test("a table that claims too much delays garbage, and removes nothing", async () => {
  const world = await quietWorld("a", "b");
  const page = decodeNote(await (await world.store.get(PAGE))!.bytes()) as { names: Names };
  const key = await addCrashedUpload(world, "a");
  world.advance(2 * DAY);
  for (const entry of Object.values(page.names)) entry[1] = world.clocks.store + 29 * DAY;
  await world.store.put(PAGE, encodeNote(page));
  assertEquals(await night(world), []);
  assertEquals(await world.registry.load("b"), LARGE);
  world.advance(29 * DAY);
  assertEquals(await night(world), ["a", "b"]);
  assertEquals(await world.store.head(key), undefined);
  assertEquals(await world.registry.load("a"), LARGE);
});

Deno.test("gc looks at new names within 30 days if it can no longer write its table", async () => {
  const world = await quietWorld("a");
  world.backend.answer({ verb: "put", key: /^gc\/\.names\// }, denied);
  await world.registry.save("b", LARGE);
  const key = await addCrashedUpload(world, "b");
  const begin = world.clocks.store;
  while (await world.store.head(key) !== undefined) {
    assert(world.clocks.store < begin + MONTH + 2 * DAY, "it stays");
    await night(world);
  }
  assertEquals(await world.registry.load("b"), LARGE);
});

Deno.test("a table by which all names are new delays garbage, and removes nothing", async () => {
  const world = await quietWorld("a", "b");
  const { registry, store } = world;
  const key = await addCrashedUpload(world, "a");
  await registry.delete("b@1");
  const page = decodeNote(await (await store.get(PAGE))!.bytes()) as { names: Names };
  page.names = { ".": ["", Date.UTC(2025, 11, 31)] };
  await store.put(PAGE, encodeNote(page));
  assertEquals(await night(world), ["b"]);
  for (let day = 0; day < 32; day++) await night(world);
  assertEquals(await store.head(key), undefined);
  assertEquals(await world.keys("objects/b/"), []);
  assertEquals(await registry.load("a"), LARGE);
});
