import { METHODS } from "../../../core/options/methods.ts";
import type { OperationRow } from "../../../core/registry/operations/row.ts";
import { deleteMany, loadMany, saveMany } from "../../../registry/contract/many.ts";
import { asMap } from "../../../registry/contract/map.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { prune } from "../../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { localPath, openRegistry } from "../../../mod.ts";
import type { Registry } from "../../../mod.ts";
import { rejected } from "../rejected.ts";
import { testInMemory } from "../registries.ts";

/** Options that only JavaScript allows. */
const WRONG = { versoin: "1" } as Record<string, unknown>;

testInMemory("names must be a list, not a string", async ({ registry }) => {
  await registry.save("a", 1);
  await registry.save("a", 2);
  const names = "a" as unknown as string[];
  await rejected(
    "Invalid",
    prune(registry, { keepLast: 1, names }),
    /: `names` must be an array, got a string$/m,
  );
  assertEquals((await Array.fromAsync(registry.versions("a"))).length, 2);
});

const ARGUMENTS: Record<string, unknown> = { alias: "b", version: "1", to: "b", value: 1 };
const REQUIRED = { to: "nowhere", id: "1" };

/** Calls a method with wrong options, and reads the first item of a list. */
async function callWrongly(
  registry: Registry,
  name: string,
  row: OperationRow,
  wrong: Record<string, unknown> = WRONG,
): Promise<unknown> {
  const method = registry[name as keyof Registry] as (...given: unknown[]) => unknown;
  const needed = (row.required ?? []).map((option) => [option, REQUIRED[option as "to" | "id"]]);
  const options = { ...Object.fromEntries(needed), ...wrong };
  const result = method(...row.takes.map((argument) => ARGUMENTS[argument] ?? "a"), options);
  if (row.effect !== "lists") return await result;
  for await (const _ of result as AsyncIterable<unknown>) break;
}

const METHOD_CALLS = Object.entries<OperationRow>(METHODS).map(([name, row]) =>
  [name, (registry: Registry) => callWrongly(registry, name, row)] as const
);

const FUNCTION_CALLS: Record<string, (registry: Registry) => Promise<unknown>> = {
  saveMany: (registry) => saveMany(registry, [], WRONG),
  loadMany: (registry) => loadMany(registry, [], WRONG),
  deleteMany: (registry) => deleteMany(registry, [], WRONG),
  update: (registry) => asMap(registry).update({}, WRONG),
  clear: (registry) => asMap(registry).clear({ allVersions: true, ...WRONG }),
  collectGarbage: (registry) => collectGarbage(registry, WRONG),
  prune: (registry) => prune(registry, { keepLast: 1, ...WRONG }),
  localPath: async (registry) =>
    registry.save("b", localPath("a folder", await Promise.resolve(WRONG))),
  openRegistry: () => openRegistry("memory:", WRONG),
};

for (const [verb, call] of [...METHOD_CALLS, ...Object.entries(FUNCTION_CALLS)]) {
  testInMemory(`${verb}() refuses an unknown option`, async ({ registry }) => {
    await registry.save("a", 1);
    await registry.setAlias("a", "b", "1");
    const error = await rejected("Invalid", call(registry));
    const row = (METHODS as Readonly<Record<string, OperationRow>>)[verb];
    if (row !== undefined) assert(error.message.startsWith(`Cannot ${row.action}`), error.message);
    assertMatch(error.message, /: unknown option versoin/);
    assert(error.hint !== undefined);
    assertEquals((await Array.fromAsync(registry.versions("a"))).length, 1);
  });
}

/** Values that JavaScript would take for others. */
const OF_OTHER_KINDS = {
  text: [7, ["a"]],
  flag: ["false", 1],
  count: ["7", NaN],
  moment: ["2026", 7],
};

for (const [name, row] of Object.entries<OperationRow>(METHODS)) {
  const wrong = Object.entries(row.options).flatMap(([option, { sent, among }]) =>
    [...sent === undefined ? [] : OF_OTHER_KINDS[sent], ...among ? ["another"] : []]
      .map((value) => ({ [option]: value }))
  );
  if (wrong.length === 0) continue;
  testInMemory(`${name}() refuses options of another kind`, async ({ registry }) => {
    await registry.save("a", 1);
    await registry.setAlias("a", "b", "1");
    for (const options of wrong) {
      const [option] = Object.keys(options);
      const error = await rejected("Invalid", callWrongly(registry, name, row, options));
      assert(error.message.startsWith(`Cannot ${row.action}`), error.message);
      assertMatch(error.message, new RegExp(`: ${option} is `));
      assert(error.hint !== undefined);
    }
    assertEquals((await Array.fromAsync(registry.versions("a"))).length, 1);
    assertEquals((await Array.fromAsync(registry.aliases("a"))).length, 1);
  });
}

testInMemory("only a date without a time is called invalid", async ({ registry }) => {
  await registry.save("a", 1);
  for (const [date, words] of [[new Date(0), "a date"], [new Date(NaN), "an invalid date"]]) {
    const options = { version: date } as Record<string, unknown>;
    await rejected(
      "Invalid",
      registry.save("a", 2, options),
      new RegExp(`: version is ${words}$`, "m"),
    );
  }
});

testInMemory("one entry with an unknown option fails alone", async ({ registry }) => {
  const { errors, succeeded } = await saveMany(registry, [{ name: "a", value: 1, ...WRONG }, {
    name: "b",
    value: 2,
  }]);
  assertMatch(errors.get(0)!.message, /versoin/);
  assertEquals(succeeded, [1]);
});

class Chosen {
  readonly #wanted: string;
  constructor(wanted: string) {
    this.#wanted = wanted;
  }
  get version() {
    return this.#wanted;
  }
}

Deno.test("options of classes and prototypes are respected", async () => {
  const inherited = (version: string) => Object.create({ version }) as { version: string };
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  for (const logger of [undefined, silent]) {
    const registry = await openRegistry("memory:", Object.create({ logger, mutable: true }));
    assertEquals(registry.settings.mutable, true);
    for (const value of [1, 2]) await registry.save("a", value);
    assertEquals((await registry.save("a", 7, inherited("7"))).version, "7.0.0");
    assertEquals((await registry.save("a", 8, new Chosen("8"))).version, "8.0.0");
    for (const options of [inherited("1"), new Chosen("1")]) {
      assertEquals(await registry.load("a", options), 1);
      assertEquals((await registry.info("a", options)).version, "1.0.0");
      const { results: [first] } = await loadMany(registry, ["a"], options);
      assertEquals(first.ok && first.value, 1);
    }
    await rejected("Invalid", registry.load("a", Object.create(WRONG)), /versoin/);
    const all = await collectGarbage(registry, Object.create({ dryRun: true }));
    assertEquals(all.dryRun, true);
  }
});

testInMemory("download() needs a destination", async ({ registry }) => {
  await registry.save("a", 1);
  for (const options of [undefined, {}, { to: "" }, { to: "a\0b" }, { to: 5 }]) {
    // deno-lint-ignore no-explicit-any -- a program in JavaScript
    await rejected("Invalid", registry.download("a", options as any));
  }
});
