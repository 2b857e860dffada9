// Random changes of two registries, and mirrors between, one of which notes equal names and has its
// notes lost, damaged, exchanged and brought back, and one of which looks at everything.
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Backend } from "../../../../core/backend.ts";
import { createMemoryBackend, openRegistry, publishRelease } from "../../../../mod.ts";
import type { StoredRegistry } from "../../../../core/registry.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import type { MirrorOptions, MirrorReport } from "../../../../extensions/mirrors/mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import { createScriptedSystem, type ScriptedSystem } from "../../../support/scripted_system.ts";
import { casesOfRun } from "../../../support/seeds.ts";
import { keysOf } from "../../../registry/registries.ts";
import { contents } from "../mirror_world.ts";

const MINUTE = 60_000, DAY = 24 * 60 * MINUTE;

interface Side {
  registry: StoredRegistry;
  store: Backend;
}

const name = fc.constantFrom("a", "team/b");
const version = fc.constantFrom("1.0.0", "2.0.0");

const SELECTIONS: MirrorOptions[] = [
  ...Array.from({ length: 8 }, () => ({})),
  { range: "^1" },
  { deleted: false },
  { aliases: false },
  { prefix: "team/" },
  { dryRun: true },
  { verify: true },
  { rename: (name) => `copy/${name}` },
];

const change = fc.record({
  kind: fc.constant("change" as const),
  in: fc.constantFrom("source", "source", "target"),
  verb: fc.constantFrom(
    "save",
    "save",
    "delete",
    "undelete",
    "alias",
    "unalias",
    "note",
    "release",
  ),
  name,
  version,
  value: fc.nat(3),
});
const mirror = fc.record({
  kind: fc.constant("mirror" as const),
  selection: fc.constantFrom(...SELECTIONS),
  times: fc.integer({ min: 1, max: 3 }),
});
const tamper = fc.record({
  kind: fc.constant("tamper" as const),
  how: fc.constantFrom("lose", "cut", "exchange", "bring back", "of others"),
  pick: fc.nat(),
});
const step = fc.oneof(
  { arbitrary: change, weight: 4 },
  { arbitrary: mirror, weight: 4 },
  { arbitrary: tamper, weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant("collect" as const) }), weight: 1 },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

Deno.test("a mirror that looks only at changed names finds what one that looks at all finds", async () => {
  const histories = fc.record({
    mutable: fc.boolean(),
    steps: fc.array(step, { minLength: 4, maxLength: 12, size: "max" }),
  });
  await fc.assert(
    fc.asyncProperty(histories, async ({ mutable, steps }) => {
      const system = createScriptedSystem();
      const open = async (): Promise<Side> => {
        const store = createMemoryBackend({ system });
        return { store, registry: await openRegistry(store, { system, mutable }) };
      };
      const source = await open(), target = await open(), other = await open();
      const past: [key: string, bytes: Uint8Array][] = [];
      for (const name of ["a", "team/b"]) await source.registry.save(name, "first");
      await source.registry.setAlias("a", "live", "1");
      await mirrorBoth(system, { source, target, other }, { selection: {}, times: 2 });
      for (const step of steps) {
        system.advance(MINUTE);
        if (step.kind === "mirror") await mirrorBoth(system, { source, target, other }, step);
        else if (step.kind === "tamper") await tamperWith(target, step, past);
        else if (step.kind === "collect") {
          system.advance(2 * DAY);
          for (const { registry } of [source, target, other]) await collectGarbage(registry);
        } else {
          const sides = step.in === "source" ? [source] : [target, other];
          for (const { registry } of sides) await apply(registry, step);
        }
      }
      system.advance(MINUTE);
      await mirrorBoth(system, { source, target, other }, { selection: {}, times: 3 });
    }),
    { numRuns: casesOfRun(100) },
  );
});

type Sides = Record<"source" | "target" | "other", Side>;

/** Mirrors into both targets: the other one has no table. */
async function mirrorBoth(
  system: ScriptedSystem,
  { source, target, other }: Sides,
  { selection, times }: { selection: MirrorOptions; times: number },
): Promise<void> {
  for (let time = 0; time < times; time++) {
    system.advance(MINUTE);
    for (const key of await tablesOf(other)) await other.store.delete(key);
    const [report, all] = [
      await mirrorRegistry(source.registry, target.registry, selection),
      await mirrorRegistry(source.registry, other.registry, selection),
    ];
    assertEquals(told(report), told(all));
    assertEquals(await contents(target.registry), await contents(other.registry));
  }
}

function told({ failures, ...counts }: MirrorReport): unknown {
  const rows = failures.map(({ name, version, alias, error }) =>
    [name, version, alias, error.code].join(" ")
  );
  return { ...counts, failures: rows.sort() };
}

/** Changes a registry, if its state allows it. */
async function apply(
  registry: StoredRegistry,
  { verb, name, version, value }: Extract<Step, { kind: "change" }>,
): Promise<void> {
  const ref = `${name}@${version}`;
  const onConflict = registry.settings.mutable ? "overwrite" : "fail";
  const act: Record<typeof verb, () => Promise<unknown>> = {
    save: () => registry.save(name, `value ${value}`, { version, onConflict }),
    delete: () => registry.delete(ref, { force: true }),
    undelete: () => registry.undelete(ref),
    alias: () => registry.setAlias(name, "live", version),
    unalias: () => registry.deleteAlias(name, "live"),
    note: () => annotate(registry, ref, { labels: { value } }),
    release: () => publishRelease(registry, "release", { member: ref }),
  };
  await act[verb]().catch(() => {}); // the version may be missing or used
}

async function tablesOf({ store }: Side): Promise<string[]> {
  return (await keysOf(store, "mirrors/")).filter((key) => key.includes("/.names/"));
}

async function tamperWith(
  target: Side,
  { how, pick }: Extract<Step, { kind: "tamper" }>,
  past: [key: string, bytes: Uint8Array][],
): Promise<void> {
  const { store } = target;
  const keys = await tablesOf(target);
  const [key, next] = [0, 1].map((n) => keys[(pick + n) % keys.length]);
  if (key === undefined || next === undefined) return;
  const bytes = await (await store.get(key))!.bytes();
  past.push([key, bytes]);
  const old = past[pick % past.length]!;
  if (how === "lose") await store.delete(key);
  else if (how === "cut") await store.put(key, bytes.slice(0, pick % bytes.length));
  else if (how === "exchange") await store.put(next, bytes);
  else if (how === "bring back") await store.put(...old);
  else await store.put(key, old[1]);
}
