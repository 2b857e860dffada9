// Mirroring: what a registry holds, brought to another one, whatever stores they are in.
import { isPrefix } from "../../../core/backend.ts";
import { type Fault, fault, isRegistryError } from "../../../core/errors.ts";
import { checkName, decodeName, shown } from "../../../core/naming/names.ts";
import type { Registry, SignalOptions } from "../../../core/registry.ts";
import { compareVersions, parseVersion, parseVersionRange } from "../../../core/naming/versions.ts";
import { createLimit, forEachAtOnce } from "../../../core/work/at_once.ts";
import { realSystem, silentLogger } from "../../../core/system.ts";
import { checkWritable, type Context, knownContext } from "../../operations/context.ts";
import { NAMES, namesPrefix } from "../../format/layout.ts";
import { checkHas, checkKnown } from "../../operations/listing.ts";
import { readThrough } from "../../cache/read.ts";
import { mirrorName } from "./mirror_name.ts";
import { countItem, emptyReport } from "./report.ts";
import type { MirrorFailure, MirrorItem, MirrorProgress, MirrorReport } from "./report.ts";
import { type AnyRun, type MirrorRun, type NamePair, persist } from "./run.ts";

/** Options of {@linkcode mirrorRegistry}. */
export interface MirrorOptions extends SignalOptions {
  /** Only these names; one that is not there is `NotFound`. @default all */
  names?: Iterable<string>;
  prefix?: string;
  /** What a name is called in the target. Two names that become one are `Invalid`. @default as in the source */
  rename?: (name: string) => string;
  range?: string;
  /** Mirror aliases. @default true */
  aliases?: boolean;
  /** Mark as deleted what was deleted in the source: its number stays used, and a mirror of it goes. @default true */
  deleted?: boolean;
  /** Trust no earlier run, and read all that was mirrored back from the target. @default false */
  verify?: boolean;
  /** How many versions are under way at once. @default 8 */
  concurrency?: number;
  /** Only say what would be done; files and bytes are then those of whole versions. @default false */
  dryRun?: boolean;
  onItem?: (item: MirrorItem) => void;
  /** Hears of bytes as they move, and of each version and name that is done. */
  onProgress?: (progress: MirrorProgress) => void;
}

/** So many failures of a store in a row, above those that are under way at once, and it is not about single versions. */
const MAX_FAILURES_IN_A_ROW = 8;

/** What `mirrorRegistry` of `registry/tools.ts` does. */
export async function mirrorRegistry(
  from: Registry,
  to: Registry,
  options: MirrorOptions = {},
): Promise<MirrorReport> {
  const { dryRun = false, concurrency = 8, verify = false, signal, onProgress } = options;
  const stores = { from: knownContext(from), to: knownContext(to) };
  checkBoth(from, to, options);
  if (stores.to !== undefined && !dryRun) checkWritable(stores.to, "mirror into it");
  const report = emptyReport(dryRun);
  const progress = { names: 0, totalNames: 0, versions: 0, bytes: 0 };
  const run = createRun(stores.to, options, report, progress);
  const mirrorOne = await chooseMirror(run, from, to, stores);
  if (stores.from === undefined && run.deleted) {
    report.leftOut.push("deletions");
    if (run.aliases) report.leftOut.push("removed aliases");
  }
  if (stores.to === undefined) report.leftOut.push("dates");
  const names = await persist(run, () => pairNames(from, options, stores.from));
  progress.totalNames = names.length;
  await forEachAtOnce(names, async (pair) => {
    const versions = await mirrorOne(pair);
    if (verify && !dryRun) {
      report.failures.push(...await persist(run, () => readBack(run, to, pair, versions)));
    }
    progress.names = ++report.names;
    onProgress?.({ ...progress });
  }, { concurrency }).catch((error) => {
    signal?.throwIfAborted();
    throw error;
  });
  return report;
}

/** Mirrors all of a name. Returns the versions that the target has now as the source has them. */
type MirrorName = (pair: NamePair) => Promise<ReadonlySet<string>>;

/** Between stores cell by cell; else by what every registry has. */
async function chooseMirror(
  run: AnyRun,
  from: Registry,
  to: Registry,
  stores: { from?: Context; to?: Context },
): Promise<MirrorName> {
  if (stores.from !== undefined && stores.to !== undefined) {
    const between: MirrorRun = { ...run, from: stores.from, to: stores.to };
    return (pair) => mirrorName(between, pair);
  }
  const { mirrorNameByContract } = await import("./by_contract.ts");
  const byContract = { ...run, from, to, store: stores.to };
  return (pair) => mirrorNameByContract(byContract, pair);
}

function createRun(
  to: Context | undefined,
  options: MirrorOptions,
  report: MirrorReport,
  progress: MirrorProgress,
): AnyRun {
  const { range, aliases = true, deleted = true, verify = false, concurrency = 8, signal } =
    options;
  const limit = createLimit(concurrency);
  let failed = 0;
  return {
    system: to?.system ?? realSystem,
    logger: to?.logger ?? silentLogger,
    aliases,
    deleted,
    verify,
    signal,
    dryRun: report.dryRun,
    range: range === undefined ? undefined : parseVersionRange(range),
    forEach: (items, task) =>
      forEachAtOnce(items, (item) => limit(() => task(item)), { concurrency }),
    moved(bytes) {
      progress.bytes += bytes;
      options.onProgress?.({ ...progress });
    },
    done(item) {
      countItem(report, item);
      if (item.version !== undefined) progress.versions++;
      options.onItem?.(item);
      options.onProgress?.({ ...progress });
      failed = isRegistryError(item.error, "Unavailable", "Denied") ? failed + 1 : 0;
      if (failed >= MAX_FAILURES_IN_A_ROW + concurrency) throw item.error;
    },
  };
}

function checkBoth(from: Registry, to: Registry, { concurrency = 8 }: MirrorOptions): void {
  const invalid = (state: string, hint: string, hints?: Fault["hints"]) =>
    fault({
      code: "Invalid",
      action: "mirror",
      subject: `${from.location} to ${to.location}`,
      state,
      hint,
      hints,
    });
  const { versioned } = from.settings;
  if (versioned !== to.settings.versioned) {
    throw invalid(
      "only one of them keeps versions",
      `Mirror into a registry that was created with versioned: ${versioned}.`,
      { cli: "See the flag --unversioned of: holdfast init." },
    );
  }
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw invalid(
      `concurrency is ${concurrency}`,
      "It is how many versions are under way at once, from 1.",
    );
  }
}

async function pairNames(
  from: Registry,
  options: MirrorOptions,
  store?: Context,
): Promise<NamePair[]> {
  const { rename = (name) => name, prefix = "", signal } = options;
  const renamed = new Map<string, NamePair>();
  const all = () =>
    store === undefined ? from.names({ prefix, signal }) : usedNames(store, prefix, signal);
  for await (const name of options.names ?? all()) {
    if (options.names !== undefined) {
      await (store === undefined ? checkHas(from, name, signal) : checkKnown(store, name, signal));
    }
    if (!name.startsWith(prefix)) continue;
    const target = rename(name);
    checkName(target);
    const other = renamed.get(target);
    if (other !== undefined && other.name !== name) {
      throw fault({
        code: "Invalid",
        action: "mirror",
        subject: shown(name),
        state: `it would become ${shown(target)}, as ${shown(other.name)} would`,
        hint: "Rename so that each name has one of its own. Nothing was written.",
      });
    }
    renamed.set(target, { name, target });
  }
  return [...renamed.values()];
}

/** Every name that was ever used, also where all of its versions are deleted. */
async function* usedNames(
  { backend }: Context,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  for await (const entry of backend.list(namesPrefix(prefix), { delimiter: "/", signal })) {
    const name = isPrefix(entry) ? decodeName(entry.prefix.slice(NAMES.length, -1)) : undefined;
    if (name !== undefined) yield name;
  }
}

/** Reads what was mirrored in the target, which checks what it reads. */
async function readBack(
  run: AnyRun,
  to: Registry,
  { name, target }: NamePair,
  versions: ReadonlySet<string>,
): Promise<MirrorFailure[]> {
  const failures: MirrorFailure[] = [];
  await run.forEach([...versions], async (version) => {
    try {
      const artifact = await to.open(`${target}@${version}`, {
        verify: "full",
        signal: run.signal,
      });
      await readThrough(artifact);
    } catch (error) {
      if (!isRegistryError(error, "Corrupt", "NotFound")) throw error;
      failures.push({ name, version, error });
    }
  });
  const order = ({ version }: MirrorFailure) => parseVersion(version!);
  return failures.sort((a, b) => compareVersions(order(b), order(a)));
}
