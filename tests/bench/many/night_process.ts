// One operation on all names of a registry. Prints what it took. Arguments: the operation, the
// registry, and the target of a mirror: a folder, or the JSON of a server followed by a prefix.
import process from "node:process";
import { createLocalBackend } from "../../../backends/local.ts";
import type { Backend } from "../../../core/backend.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import {
  changeRules,
  collectGarbage,
  measureSpace,
  mirrorRegistry,
  pruneByRules,
} from "@holdfast/holdfast/maintenance";
import { openRegistry, readRegistryLog } from "../../../mod.ts";
import { openServerStore } from "../../support/servers/server_store.ts";
import { peakRssMib } from "../batch/memory_process.ts";
import { withCounts } from "../counted_backend.ts";
import { timed } from "../measure.ts";
import { nameOf } from "./generate.ts";
import type { NightReport } from "./nights.ts";

const [operation = "", from = "", to = ""] = process.argv.slice(2);
const RULE = { pattern: "**", keepDaily: 7, keepLast: 1 };
const CHANGES = 1_000;

async function openStore(place: string): Promise<Backend> {
  const end = place.lastIndexOf("}") + 1;
  if (end === 0) return createLocalBackend({ path: place, durability: "os" });
  const options = { prefix: place.slice(end), retryForMs: 120_000 };
  return await openServerStore(JSON.parse(place.slice(0, end)), options);
}

const source = withCounts(await openStore(from));
const target = to === "" ? undefined : withCounts(await openStore(to));

const OPERATIONS: Record<string, (registry: StoredRegistry) => Promise<unknown>> = {
  page: (registry) => all(registry.names({ limit: 500 })),
  names: (registry) => all(registry.names()),
  log: (registry) => all(readRegistryLog(registry, { limit: 50 })),
  gc: (registry) => collectGarbage(registry),
  prune: (registry) => pruneByRules(registry, { dryRun: true }),
  du: (registry) => measureSpace(registry),
  async save(registry) {
    for (let n = 0; n < CHANGES; n++) await registry.save(nameOf(n), n);
  },
  async mirror(registry) {
    await mirrorRegistry(registry, await openRegistry(target!.backend, { cache: false }));
  },
};

const registry = await openRegistry(source.backend, { cache: false });
if (operation === "prune") await changeRules(registry, { set: RULE });
source.calls.take();
const time = await timed(() => OPERATIONS[operation]!(registry));
const report: NightReport = {
  time,
  peakRssMib: peakRssMib(),
  requests: source.calls.take(),
  ofTarget: operation === "mirror" ? target!.calls.take() : undefined,
};
console.log(JSON.stringify(report));
process.exit(0);

async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}
