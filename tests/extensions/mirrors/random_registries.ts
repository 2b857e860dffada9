// Registries with random histories: versions, releases, aliases, deletions, labels, rules, mirrors.
import fc from "fast-check";
import { isRegistryError, publishRelease } from "../../../mod.ts";
import type { RetentionRule } from "../../../core/record.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { changeRules, collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { annotate } from "../../../registry/mod.ts";
import {
  createProtocolWorld,
  filler,
  GRACE_MS,
  type ProtocolWorld,
} from "../../registry/protocol_world.ts";

/** Names of releases are listed before and after those of their members. */
const NAMES = ["a", "m:1", "m:2", "z"];
const RELEASES = ["first", "zz"];

const name = fc.constantFrom(...NAMES, ...RELEASES);
const pattern = fc.constantFrom("*", "m:*", "a", "zz", "f*");
const rule: fc.Arbitrary<RetentionRule> = fc.oneof(
  fc.record({ pattern, keepLast: fc.nat(2) }),
  fc.record({ pattern, keepDaily: fc.integer({ min: 1, max: 2 }), keepLast: fc.nat(1) }),
  fc.record({ pattern, olderThanMs: fc.constantFrom(0, GRACE_MS, 3 * GRACE_MS) }),
  fc.record({ pattern, keepWhere: fc.constant("labels.keep = true") }),
  fc.record({ pattern, protect: fc.constant(true) }),
);
const where = fc.constantFrom("from", "to");
/** The mirror is mostly left alone. */
const mostlyFrom = fc.constantFrom("from", "from", "from", "from", "to");
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ act: fc.constant("save"), name, large: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant("publish"), others: fc.nat(15) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("delete"), name, force: fc.boolean() }) },
  fc.record({ act: fc.constant("overwrite"), name }),
  fc.record({ act: fc.constant("alias"), name, alias: fc.constantFrom("live", "next") }),
  fc.record({ act: fc.constant("unalias"), name, alias: fc.constantFrom("live", "next") }),
  fc.record({ act: fc.constant("label"), name }),
  { weight: 2, arbitrary: fc.record({ act: fc.constant("rule"), rule, where }) },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant("pass"), days: fc.constantFrom(1, 2, 40) }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("mirror") }) },
  fc.record({ act: fc.constant("collect") }),
) as fc.Arbitrary<Step>;

type Step =
  & { at: number; where: "from" | "to" }
  & (
    | { act: "save"; name: string; large: boolean }
    | { act: "publish"; others: number }
    | { act: "delete"; name: string; force: boolean }
    | { act: "overwrite" | "label"; name: string }
    | { act: "alias" | "unalias"; name: string; alias: string }
    | { act: "rule"; rule: RetentionRule }
    | { act: "pass"; days: number }
    | { act: "mirror" | "collect" }
  );

/** A history: each step chooses among the versions of its name by `at`. */
export interface History {
  mutable: boolean;
  steps: Step[];
}

export const histories: fc.Arbitrary<History> = fc.record({
  mutable: fc.boolean(),
  steps: fc.array(
    fc.tuple(step, fc.record({ at: fc.nat(9), where: mostlyFrom })).map(([step, more]) => ({
      ...more,
      ...step,
    })),
    {
      minLength: 8,
      maxLength: 40,
      size: "max",
    },
  ),
});

/** A registry and its mirror, with the same clocks. */
export interface Played {
  from: ProtocolWorld;
  to: ProtocolWorld;
}

/** Creates both registries. Steps that the registry refuses change nothing. */
export async function play({ mutable, steps }: History): Promise<Played> {
  const from = await createProtocolWorld({ mutable });
  const to = await createProtocolWorld({ mutable });
  for (const step of steps) {
    try {
      await take({ from, to }, step);
    } catch (error) {
      if (!isRegistryError(error)) throw error;
    }
    for (const world of [from, to]) world.advance(60_000);
  }
  return { from, to };
}

async function take(worlds: Played, step: Step): Promise<void> {
  const { from, to } = worlds;
  const { at, where } = step;
  const { registry } = worlds[where];
  switch (step.act) {
    case "save":
      return void await registry.save(step.name, step.large ? filler(`${at}`) : at);
    case "publish": {
      const others = NAMES.filter((_, place) => step.others & 1 << place);
      const found = await Promise.all(others.map((name) => pick(registry, name, at)));
      const members = found.filter((ref) => ref !== undefined);
      const release = RELEASES[at % RELEASES.length]!;
      const named = Object.fromEntries(members.map((ref, place) => [`m${place}`, ref]));
      return void await publishRelease(registry, release, named);
    }
    case "rule":
      return void await changeRules(registry, { set: step.rule });
    case "pass":
      for (const world of [from, to]) world.advance(step.days * GRACE_MS);
      return;
    case "mirror":
      return void await mirrorRegistry(from.registry, to.registry);
    case "collect":
      return void await collectGarbage(registry);
  }
  const ref = await pick(registry, step.name, at);
  const version = ref?.slice(step.name.length + 1);
  if (ref === undefined || version === undefined) return;
  switch (step.act) {
    case "delete":
      return void await registry.delete(ref, { force: step.force });
    case "overwrite":
      return void await registry.save(step.name, `${at}`, { version, onConflict: "overwrite" });
    case "alias":
      return await registry.setAlias(step.name, step.alias, version);
    case "unalias":
      return void await registry.deleteAlias(step.name, step.alias);
    case "label":
      await annotate(registry, ref, { labels: { keep: true } });
  }
}

/** Returns a ref to one of the versions of a name, if there is one. */
export async function pick(
  registry: StoredRegistry,
  name: string,
  at: number,
): Promise<string | undefined> {
  const versions = await Array.fromAsync(registry.versions(name), ({ version }) => version);
  return versions.length === 0 ? undefined : `${name}@${versions[at % versions.length]}`;
}
