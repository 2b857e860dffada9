// A mirror is killed at each request of a run. The source changes, both registries collect garbage,
// and the next run ends with a target equal to the source.
import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../../../core/backend.ts";
import type { StoredRegistry } from "../../../../core/registry.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import {
  createMemoryBackend,
  openRegistry,
  publishRelease,
  readLineage,
  readLog,
} from "../../../../mod.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { annotate, readAnnotations } from "../../../../registry/mod.ts";
import { noise } from "../../../registry/registries.ts";
import { fileSet } from "../../../registry/protocol_world.ts";
import { withHooks } from "../../../registry/with_hooks.ts";
import { withSmallPages } from "../../../simulate/small_pages.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import type { ScriptedSystem } from "../../../support/scripted_system.ts";
import { partOfRun, slowTest } from "../../../support/seeds.ts";
import { contents } from "../mirror_world.ts";

const LARGE = 70_000;
const DAY = 24 * 3_600_000;

type Change = (registry: StoredRegistry, round: number) => Promise<unknown>;

/** How a name changes in each of three rounds: before the killed run, after it, and for the last. */
const NAMES: Record<string, Change> = {
  deleted: async (registry, round) => {
    if (round === 0) await registry.save("deleted", noise(LARGE));
    else if (round === 2) await registry.delete("deleted@1");
  },
  restored: async (registry, round) => {
    if (round === 0) await registry.save("restored", noise(LARGE, 2));
    await registry.delete("restored@1");
    if (round < 2) await registry.undelete("restored@1");
  },
  replaced: (registry, round) => overwrite(registry, "replaced", round),
  gone: async (registry, round) => {
    await overwrite(registry, "gone", round);
    if (round === 2) await registry.delete("gone@1");
  },
  aliased: async (registry, round) => {
    await registry.save("aliased", round);
    if (round === 2) await registry.deleteAlias("aliased", "live");
    else await registry.setAlias("aliased", "live", `${round + 1}`);
    await registry.setAlias("aliased", "kept", `${round + 1}`);
  },
  noted: async (registry, round) => {
    if (round === 0) await registry.save("noted", 1);
    await annotate(registry, round === 1 ? "noted" : "noted@1", { labels: { round } });
  },
  paged: (registry, round) => {
    const files = Array.from({ length: 8 }, (_, n) => [`f${n}`, noise(9_000, n === round ? 9 : n)]);
    return registry.save("paged", Object.fromEntries(files), { as: fileSet });
  },
  derived: (registry) => registry.save("derived", 1, { inputs: ["paged"] }),
  app: async (registry, round) => {
    await registry.save("z-member", round);
    await publishRelease(registry, "app", { member: `z-member@${round + 1}` });
    await registry.setAlias("app", "live", `${round + 1}`);
    if (round < 2) return;
    await registry.delete("app@1");
    await registry.delete("z-member@1");
  },
};

async function overwrite(registry: StoredRegistry, name: string, round: number): Promise<void> {
  const { mutable } = registry.settings;
  const version = mutable ? "1" : `${round + 1}`;
  for (const seed of [2 * round, 2 * round + 1].slice(mutable ? 0 : 1)) {
    const onConflict = mutable ? "overwrite" : "fail";
    await registry.save(name, noise(LARGE, seed + name.length), { version, onConflict });
  }
}

/** The version of another program in the target; a mirror neither replaces nor deletes it. */
async function saveForeign(from: StoredRegistry, to: StoredRegistry): Promise<void> {
  await to.save("own", "kept");
  await to.save("foreign", "kept");
  await from.save("foreign", "first");
  await from.delete("foreign@1");
}

/** Makes stores of one process, which is killed at its n-th request: before or after the effect. */
function killAt(n: number, when: "before" | "after") {
  let calls = 0;
  const check = (isDead: boolean) => {
    if (isDead) throw new Error("killed");
  };
  const before = () => check(when === "before" ? ++calls >= n : calls++ >= n);
  const after = () => check(calls >= n);
  return {
    wrap: (backend: Backend) => withHooks(backend, { before, ...when === "after" && { after } }),
    isDead: () => calls >= n,
  };
}

interface World {
  system: ScriptedSystem;
  stores: Record<"from" | "to", Backend>;
  from: StoredRegistry;
  to: StoredRegistry;
}

async function createWorld(mutable: boolean): Promise<World> {
  const system = createScriptedSystem();
  const stores = { from: createMemoryBackend({ system }), to: createMemoryBackend({ system }) };
  const open = async (store: Backend) =>
    withSmallPages(await openRegistry(store, { system, mutable }));
  return { system, stores, from: await open(stores.from), to: await open(stores.to) };
}

async function change({ from, system }: World, round: number): Promise<void> {
  for (const change of Object.values(NAMES)) {
    await change(from, round);
    system.advance(1_000);
  }
}

/** Returns true if the run ended before it was killed. */
async function runKilled(world: World, n: number, when: "before" | "after"): Promise<boolean> {
  const { stores, system } = world;
  const { wrap, isDead } = killAt(n, when);
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const open = async (store: Backend) =>
    withSmallPages(await openRegistry(wrap(store), { system, logger: silent }));
  const run = async () =>
    await mirrorRegistry(await open(stores.from), await open(stores.to), { concurrency: 1 });
  const report = await run().catch((error) => {
    if (!isDead()) throw error;
  });
  if (isDead()) return false;
  assertEquals(own(report!), []);
  return true;
}

/** Returns the failures beside that of the foreign value. */
function own({ failures }: Awaited<ReturnType<typeof mirrorRegistry>>): string[] {
  const others = failures.filter(({ name }) => name !== "foreign");
  assert(failures.length === others.length + 1, "the foreign value was not refused");
  return others.map(({ error }) => error.message);
}

async function facts(registry: StoredRegistry): Promise<unknown> {
  const all: unknown[] = [];
  for (const name of [...Object.keys(NAMES), "z-member"]) {
    const changes = await Array.fromAsync(readLog(registry, name));
    all.push({
      name,
      aliases: changes.filter(({ alias }) => alias !== undefined).map((
        { at, event, version, alias },
      ) => [at.toISOString(), event, version, alias].join(" ")).sort(),
      annotations: (await readAnnotations(registry, name))?.labels,
    });
  }
  const { edges } = await readLineage(registry, "paged", { direction: "down" });
  const { own: _, foreign: __, ...same } = await contents(registry) as Record<string, unknown>;
  return [...all, same, edges.map(({ from, to }) => `${from} > ${to}`).sort()];
}

const KINDS = ([true, false] as const).flatMap((mutable) =>
  (["before", "after"] as const).map((when) => ({ mutable, when }))
);

for (const { mutable, when } of partOfRun(KINDS, 4)) {
  const kind = mutable ? "mutable" : "immutable";
  slowTest(`the next run completes one that is killed ${when} any request: ${kind}`, async () => {
    for (let n = 1, ended = false; !ended; n++) {
      const world = await createWorld(mutable);
      const { from, to, system } = world;
      await saveForeign(from, to);
      await change(world, 0);
      system.advance(DAY);
      if (n % 2 === 0) own(await mirrorRegistry(from, to));
      await change(world, 1);
      system.advance(DAY);
      ended = await runKilled(world, n, when);
      await change(world, 2);
      for (let turn = 0; turn < 2; turn++) {
        system.advance(10 * DAY);
        for (const registry of [from, to]) await collectGarbage(registry);
      }
      const about = `killed ${when} request ${n}`;
      assertEquals(own(await mirrorRegistry(from, to)), [], about);
      assertEquals(await facts(to), await facts(from), about);
      assertEquals([await to.load("own"), await to.load("foreign")], ["kept", "kept"], about);
    }
  });
}
