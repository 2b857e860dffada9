import { assertEquals } from "@std/assert";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { readLog, type StoredRegistry } from "../../../mod.ts";
import { createDays, meanings } from "../../registry/history/days.ts";

const LAST_DAY = 30;
const REFS = ["model", "model@1", "model@^1", "model@^2", "model@production", "model@canary"];

/** Changes of a registry, day by day. The target is a mirror of the chosen days. */
async function live(
  options: { mutable: boolean },
  mirrorDays: readonly number[],
): Promise<{ from: StoredRegistry; to: StoredRegistry; days: Date[] }> {
  const { at, on, open } = createDays();
  const from = await open(options), to = await open(options);
  const again = { onConflict: "overwrite" } as const;
  const events: Record<number, () => Promise<unknown>> = {
    1: () => from.save("model", "one", { version: "1" }),
    2: () => from.setAlias("model", "production", "1"),
    3: () => from.save("model", "two", { version: "1.2" }),
    4: () => from.setAlias("model", "production", "1.2"),
    5: () => from.setAlias("model", "production", "1"),
    6: () => from.save("model", "three", { version: "2" }),
    7: () => from.setAlias("model", "canary", "2"),
    9: () => from.deleteAlias("model", "canary"),
    10: () => from.delete("model@1.2"),
    12: () => from.save("model", "four", { version: "2.1" }),
    13: () => from.delete("model@2.1"),
    15: () =>
      options.mutable ? from.save("model", "ONE", { version: "1", ...again }) : Promise.resolve(),
    17: () =>
      options.mutable ? from.save("model", "one", { version: "1", ...again }) : Promise.resolve(),
    19: () => from.setAlias("model", "canary", "2"),
    20: () => from.deleteAlias("model", "canary"),
    22: () =>
      options.mutable ? from.save("model", "4", { version: "2.1", ...again }) : Promise.resolve(),
    23: () => options.mutable ? from.delete("model@2.1") : Promise.resolve(),
    25: () => from.setAlias("model", "production", "2"),
    27: () => from.delete("model@2", { force: true }),
  };
  for (let day = 0; day <= LAST_DAY; day++) {
    on(day);
    await events[day]?.();
    on(day + 0.5);
    if (mirrorDays.includes(day)) assertEquals((await mirrorRegistry(from, to)).failures, []);
    if (day % 4 === 3) { for (const registry of [from, to]) await collectGarbage(registry); }
  }
  return { from, to, days: Array.from({ length: LAST_DAY + 1 }, (_, day) => at(day)) };
}

async function told(registry: StoredRegistry): Promise<unknown> {
  const entries = await Array.fromAsync(readLog(registry, "model"));
  return entries.map(({ event, version, alias, at }) => ({ event, version, alias, at })).sort((
    a,
    b,
  ) => b.at.getTime() - a.at.getTime() || JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

const MIRRORED: readonly (readonly number[])[] = [
  [LAST_DAY],
  [2, 8, 14, LAST_DAY],
  [1, 4, 7, 12, 16, 22, 26, LAST_DAY],
  Array.from({ length: LAST_DAY + 1 }, (_, day) => day),
];

async function checkMirrors(mutable: boolean): Promise<void> {
  for (const days of MIRRORED) {
    const { from, to, days: asked } = await live({ mutable }, days);
    for (const ref of REFS) {
      assertEquals(
        await meanings(to, ref, asked),
        await meanings(from, ref, asked),
        `${ref}, mirrored ${days.length} times`,
      );
    }
    const changes = async (registry: StoredRegistry, alias: string) =>
      (await Array.fromAsync(registry.history("model", alias))).map((
        { version, createdAt },
      ) => [version, createdAt]);
    for (const alias of ["production", "canary"]) {
      assertEquals(await changes(to, alias), await changes(from, alias), alias);
    }
    assertEquals(await told(to), await told(from));
    const { aliases, copied, deleted, failures } = await mirrorRegistry(from, to);
    assertEquals([aliases, copied, deleted, failures], [0, 0, 0, []], "nothing is left to mirror");
  }
}

Deno.test("a mirror of an immutable registry has its past", () => checkMirrors(false));

Deno.test("a mirror of a mutable registry has its past", () => checkMirrors(true));
