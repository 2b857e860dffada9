// One operation on all names of a registry. Prints what it took. Arguments: the operation, the
// registry, the target of a mirror, a folder for the index of a search, and how many names change.
// Each registry is a folder, or the JSON of a server followed by a prefix, or a folder whose files are
// beside generated names, as `1000@1764374400000:/tmp/r`: their number, and the time of the newest one.
import process from "node:process";
import { createLs } from "../../../apps/cli/commands/look/ls.ts";
import { createCommandContext } from "../../../apps/cli/program/command_context.ts";
import { createProcessIo } from "../../../apps/cli/terminal/cli_io.ts";
import { createHandler } from "../../../apps/server.ts";
import { createLocalBackend } from "../../../backends/local.ts";
import type { Backend } from "../../../core/backend.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { Fingerprint } from "../../../core/bytes/fingerprint.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import type { RulesChange } from "../../../core/registry/rules.ts";
import {
  changeRules,
  collectGarbage,
  measureSpace,
  mirrorRegistry,
  pruneByRules,
} from "@holdfast/holdfast/maintenance";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { openRegistry, readRegistryLog } from "../../../mod.ts";
import { lookAgainAt } from "../../../extensions/maintenance/garbage/outlook.ts";
import { PackedMap, type Records, recordsOf } from "../../../registry/records.ts";
import { openServerStore } from "../../support/servers/server_store.ts";
import { peakRssMib } from "../batch/memory_process.ts";
import { generateOver } from "../costs/large.ts";
import { withCounts } from "../counted_backend.ts";
import { timed } from "../measure.ts";
import { nameOf } from "./generate.ts";
import type { NightReport } from "./nights.ts";
import { GARBAGE_TABLE } from "../../../extensions/maintenance/garbage_keys.ts";
import { mirrorTableFolder } from "../../../extensions/mirrors/equal_names.ts";

const [operation = "", from = "", to = "", indexFolder = "", changes = ""] = process.argv.slice(2);
const RULES: Record<string, RulesChange["set"]> = {
  prune: { pattern: "**", keepDaily: 7, keepLast: 1 },
  prune_days: { pattern: "**", keepDaily: 30 },
  prune_last: { pattern: "**", keepLast: 10 },
};
/** Requests of the explorer's start page in a registry of many names. */
const START_PAGE = ["registry", "access", "names?limit=500", "logged-runs?limit=200"];
/** The rest of the names that it reads without being asked, after those of the first page. */
const MORE_NAMES = `names?limit=9500&after=${encodeURIComponent(nameOf(499))}`;

async function openStore(place: string): Promise<Backend> {
  const [, names, endsAt, path] = /^(\d+)@(\d+):(.*)/.exec(place) ?? [];
  if (path !== undefined) {
    const size = { names: Number(names), versions: 1, endsAt: Number(endsAt) };
    return await generateOver(createLocalBackend({ path, durability: "os" }), size);
  }
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
  ls: (registry) => listNames(registry, 1_000),
  explorer: (registry) => askService(registry, START_PAGE),
  names_of_explorer: (registry) => askService(registry, [MORE_NAMES]),
  search: (registry) =>
    askService(registry, [`search?q=${encodeURIComponent(`name=${nameOf(7)}`)}`]),
  log: (registry) => all(readRegistryLog(registry, { limit: 50 })),
  gc: (registry) => collectGarbage(registry),
  prune: (registry) => pruneByRules(registry, { dryRun: true }),
  prune_days: (registry) => pruneByRules(registry),
  prune_last: (registry) => pruneByRules(registry, { dryRun: true }),
  du: (registry) => measureSpace(registry),
  async save(registry) {
    await forEachAtOnce(changedNames(), (n) => registry.save(nameOf(n), n));
  },
  async mirror(registry) {
    await mirrorRegistry(registry, await openRegistry(target!.backend, { cache: false }));
  },
  tables: (registry) => writeTables(recordsOf(registry, "write tables")),
};

const registry = await openRegistry(source.backend, { cache: false });
const rule = RULES[operation];
if (rule !== undefined) await changeRules(registry, { set: rule });
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

function* changedNames(): Generator<number> {
  for (let n = 0; n < Number(changes); n++) yield n;
}

/** Runs `holdfast ls --limit`. */
async function listNames(registry: StoredRegistry, limit: number): Promise<void> {
  const { signal } = new AbortController();
  const io = createProcessIo(process.cwd(), signal);
  const quiet = { isTerminal: false, write: () => Promise.resolve() };
  const context = createCommandContext({
    io: { ...io, stdout: quiet, stderr: quiet },
    shared: {},
    tokens: [],
  });
  await createLs([]).run([], { limit }, { ...context, open: () => Promise.resolve(registry) });
}

/** Sends requests to a service that has just started. */
async function askService(registry: StoredRegistry, paths: readonly string[]): Promise<void> {
  await using handler = createHandler(registry, { searchFolder: indexFolder });
  await Promise.all(paths.map(async (path) => {
    const response = await handler(new Request(`http://127.0.0.1/${path}`));
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot ask for ${path}: ${response.status} ${text}`);
  }));
}

async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

/** Writes the notes that runs of `gc` and `mirror` leave after no change. */
async function writeTables(context: Records): Promise<void> {
  const to = recordsOf(await openRegistry(target!.backend, { cache: false }), "write tables");
  const { versioned, mutable } = context.settings;
  const now = context.system.now();
  const salt = [2, await context.graceMs({ now }), versioned, mutable].join();
  const selection = sha256(JSON.stringify(["", "", true, true])).slice(0, 16);
  const read = (of: Records, folder: string) =>
    of.notes.table({ folder, isEntry: (_): _ is unknown => true });
  const ofGarbage = await read(context, GARBAGE_TABLE);
  const ofMirror = await read(to, mirrorTableFolder(context.id, selection));
  const inTarget = new PackedMap<string>();
  for await (const { name, entries } of to.pass()) inTarget.set(name, Fingerprint.of(entries));
  for await (const { name, entries } of context.pass()) {
    const target = inTarget.get(name);
    if (target !== undefined) {
      ofMirror.entries.set(name, { source: Fingerprint.of(entries), target });
    }
    // No generated record has replaced another.
    const nothingReplaced = Fingerprint.of([], { salt: `${salt},${name}` });
    ofGarbage.entries.set(name, [nothingReplaced, lookAgainAt(now, name)]);
  }
  ofGarbage.entries.set(".", ["", now]); // the mark of the run
  await ofGarbage.save(ofGarbage.entries);
  await ofMirror.save(ofMirror.entries);
}
