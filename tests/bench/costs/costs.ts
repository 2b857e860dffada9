// Requests of each operation, counted by the store, and what a bucket charges for them. Nothing is
// timed: the counts are the same everywhere.
import { createMemoryBackend, openRegistry, readLog, readRegistryLog } from "../../../mod.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { prune } from "../../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage, measureSpace } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { createScriptedSystem, type ScriptedSystem } from "../../support/scripted_system.ts";
import { type CallCounts, withCounts } from "../counted_backend.ts";
import type { BenchSettings, Group } from "../measure.ts";
import { formatPrice, priceOf, PRICES } from "../../../apps/cli/doctor/prices.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Versions of the name that most operations use. */
const VERSIONS = 10;
/** Larger than what a record holds. */
const FILE_BYTES = 1024 * 1024;

type Requests = Readonly<Record<string, number>>;

interface World {
  system: ScriptedSystem;
  registry: StoredRegistry;
  calls: CallCounts;
  open(): Promise<StoredRegistry>;
  /** An empty registry, for a mirror. */
  createTarget(): Promise<Pick<World, "registry" | "calls">>;
}

/** How its price is shown: of a million operations, or of one run. */
type Unit = "a million" | "each";

type Operation = readonly [
  name: string,
  unit: Unit,
  run: (world: World) => Promise<unknown>,
];

const OPERATIONS: readonly Operation[] = [
  ["open a registry", "a million", ({ open }) => open()],
  [
    "save a small value, new name, explicit version",
    "a million",
    ({ registry }) => registry.save("new", 1, { version: "1.0.0" }),
  ],
  ["save the next version", "a million", ({ registry }) => registry.save("model", 1)],
  [
    "save with an idempotency key",
    "a million",
    ({ registry }) => registry.save("model", 1, { idempotencyKey: "run 1" }),
  ],
  ["save 1 MiB", "a million", ({ registry }) => registry.save("file", noise())],
  ["load by version", "a million", ({ registry }) => registry.load("model@1.0.0")],
  ["load the latest", "a million", ({ registry }) => registry.load("model")],
  ["load by range", "a million", ({ registry }) => registry.load("model@^3")],
  ["load by alias", "a million", ({ registry }) => registry.load("model@production")],
  ["load 1 MiB by version", "a million", ({ registry }) => registry.load("file@1.0.0")],
  ["info, has", "a million", ({ registry }) => registry.info("model@1.0.0")],
  [
    "set an alias",
    "a million",
    ({ registry }) => registry.setAlias("model", "production", "2.0.0"),
  ],
  ["delete a version", "a million", ({ registry }) => registry.delete("new@1.0.0")],
  ["the newest 50 versions of a name", "a million", ({ registry }) => all(newest(registry))],
  ["the log of a name", "a million", ({ registry }) => all(readLog(registry, "model"))],
  ["the first 50 names", "a million", ({ registry }) => all(registry.names({ limit: 50 }))],
  ["all names", "each", ({ registry }) => all(registry.names())],
  [
    "`log --all`, the newest 50",
    "each",
    ({ registry }) => all(readRegistryLog(registry, { limit: 50 })),
  ],
  ["`du`, the first run", "each", ({ registry }) => measureSpace(registry)],
  ["`verify`", "each", ({ registry }) => verifyRegistry(registry)],
  ["`prune`, nothing to delete", "each", ({ registry }) => prune(registry, { keepLast: 99 })],
];

const NIGHTS: readonly Operation[] = [
  ["`du` after no change", "each", ({ registry }) => measureSpace(registry)],
  ["`gc`, the first night", "each", ({ registry }) => collectGarbage(registry)],
  ["`gc`, a night after no change", "each", ({ registry }) => collectGarbage(registry)],
];

/** Nights on which a tenth of the names had a change. */
const CHANGES: readonly [
  name: string,
  change: (registry: StoredRegistry, name: string) => unknown,
][] = [
  [
    "`gc`, a tenth of the names saved again",
    (registry, name) => registry.save(name, 2, { version: "2.0.0" }),
  ],
  [
    "`gc`, as many new names",
    (registry, name) => registry.save(`new-${name}`, 1, { version: "1.0.0" }),
  ],
  ["`gc`, as many deletions", (registry, name) => registry.delete(`${name}@1.0.0`)],
];

const MIRRORS = [
  ["`mirror`, the first run: source", "target"],
  ["`mirror`, the second run: source", "target"],
  ["`mirror`, a run that finds no change: source", "target"],
] as const;

export async function createCostsGroup({ quick }: BenchSettings): Promise<Group> {
  const sizes = quick ? [10, 200] : [1_000, 100_000];
  const rows = new Map<string, { unit: Unit; counts: Requests[] }>();
  for (const size of sizes) {
    for (const { name, unit, requests } of await countAll(size)) {
      const row = rows.get(name) ?? { unit, counts: [] };
      row.counts.push(requests);
      rows.set(name, row);
    }
  }
  const measures = Array.from(rows, ([name, { unit, counts }]) => ({
    ...{ name, count: 1, unit: "op" } as const,
    run: () => ({ wallMs: 0, cpuMs: 0 }),
    columns: () => ({
      ...Object.fromEntries(
        counts.map((requests, i) => [`${sizes[i]!.toLocaleString("en")} names`, textOf(requests)]),
      ),
      [PRICES.store]: priceText(counts.at(-1)!, unit),
    }),
  }));
  return { measures, [Symbol.asyncDispose]: () => Promise.resolve() };
}

interface Counted {
  name: string;
  unit: Unit;
  requests: Requests;
}

/** Counts every operation in a registry with so many names. */
export async function countAll(names: number): Promise<Counted[]> {
  const world = await createWorld(names);
  const counted: Counted[] = [];
  const count = async ([name, unit, run]: Operation) => {
    world.calls.take();
    await run(world);
    counted.push({ name, unit, requests: { ...world.calls.counts } });
  };
  for (const operation of OPERATIONS) await count(operation);
  world.system.advance(DAY);
  for (const operation of NIGHTS) {
    world.system.advance(DAY); // on the first night, all of it is older than the grace period
    await count(operation);
  }
  const target = await world.createTarget();
  for (const [source, other] of MIRRORS) {
    world.system.advance(DAY);
    target.calls.take();
    const mirror: Operation[2] = ({ registry }) => mirrorRegistry(registry, target.registry);
    await count([source, "each", mirror]);
    const name = source.replace("source", other);
    counted.push({ name, unit: "each", requests: { ...target.calls.counts } });
  }
  for (const [name, change] of CHANGES) {
    await collectGarbage(world.registry);
    world.system.advance(DAY);
    for (let n = 0; n < names; n += 10) await change(world.registry, nameAt(n));
    await count([name, "each", NIGHTS.at(-1)![2]]);
  }
  return counted;
}

/** A registry of small values: many names with one version, saved minutes apart, and one with ten. */
async function createWorld(names: number): Promise<World> {
  const system = createScriptedSystem();
  const create = async () => {
    const { backend, calls } = withCounts(createMemoryBackend({ system }));
    const open = () => openRegistry(backend, { system });
    return { calls, open, registry: await open() };
  };
  const world: World = { system, ...await create(), createTarget: create };
  const { registry } = world;
  for (let n = 0; n < names; n++) {
    system.advance(MINUTE);
    await registry.save(nameAt(n), n, { version: "1.0.0" });
  }
  for (let n = 0; n < VERSIONS; n++) await registry.save("model", n);
  await registry.setAlias("model", "production", "7.0.0");
  return world;
}

function nameAt(n: number): string {
  return `data:${String(n).padStart(6, "0")}`;
}

async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

const newest = (registry: StoredRegistry) => registry.versions("model", { limit: 50 });

function noise(): Uint8Array {
  const bytes = new Uint8Array(FILE_BYTES);
  for (let at = 0; at < FILE_BYTES; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  return bytes;
}

/** Returns counts as text: `2 lists, 1 get`. */
export function textOf(requests: Requests): string {
  const methods = Object.keys(PRICES.per1000).filter((method) => requests[method]);
  const parts = methods.map((method) => {
    const times = requests[method]!;
    return `${times.toLocaleString("en")} ${method}${times === 1 ? "" : "s"}`;
  });
  return parts.join(", ") || "none";
}

function priceText(requests: Requests, unit: Unit): string {
  const once = priceOf(requests);
  return `${formatPrice(unit === "each" ? once : once * 1_000_000)} ${unit}`;
}
