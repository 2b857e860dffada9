/**
 * Mirroring: what a registry holds, brought to another one, whatever stores they are in.
 *
 * @module
 */
import { isPrefix } from "../core/backend.ts";
import { isRegistryError, RegistryError } from "../core/errors.ts";
import { checkName, decodeName, shown } from "../core/naming/names.ts";
import type { Registry, SignalOptions } from "../core/registry.ts";
import { parseVersionRange } from "../core/naming/versions.ts";
import { createLimit, forEachAtOnce } from "../core/work/at_once.ts";
import { checkWritable, contextOf } from "./opening/context.ts";
import type { Context } from "./opening/context.ts";
import { NAMES, namesPrefix } from "./layout.ts";
import { checkKnown } from "./listing.ts";
import { verifyRegistry } from "./maintenance/verify.ts";
import { mirrorName } from "./mirror/mirror_name.ts";
import { countItem, emptyReport } from "./mirror/report.ts";
import type { MirrorFailure, MirrorItem, MirrorProgress, MirrorReport } from "./mirror/report.ts";
import { persist } from "./mirror/run.ts";
import type { MirrorRun, NamePair } from "./mirror/run.ts";

/** Options of {@linkcode mirrorRegistry}. */
export interface MirrorOptions extends SignalOptions {
  /** Only these names; one that is not there is `NotFound`. @default all */
  names?: Iterable<string>;
  /** Only names that begin with this. */
  prefix?: string;
  /** What a name is called in the target. Two names that become one are `Invalid`. @default as in the source */
  rename?: (name: string) => string;
  /** Only versions in this range, and aliases that name one of them. A prerelease is in a range that names one of the same numbers. */
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
  /** Hears of each version and alias. */
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
  const source = contextOf(from, "mirror"), target = contextOf(to, "mirror");
  checkBoth(source, target, options);
  const report = emptyReport(dryRun);
  const progress = { names: 0, totalNames: 0, versions: 0, bytes: 0 };
  const run = createRun(source, target, options, report, progress);
  const names = await persist(run, () => pairNames(source, options));
  progress.totalNames = names.length;
  await forEachAtOnce(names, async (pair) => {
    const versions = await mirrorName(run, pair);
    if (verify && !dryRun) report.failures.push(...await persist(run, () => readBack(to, pair, versions, signal)));
    progress.names = ++report.names;
    onProgress?.({ ...progress });
  }, { concurrency }).catch((error) => {
    signal?.throwIfAborted();
    throw error;
  });
  return report;
}

function createRun(
  from: Context,
  to: Context,
  options: MirrorOptions,
  report: MirrorReport,
  progress: MirrorProgress,
): MirrorRun {
  const { range, aliases = true, deleted = true, verify = false, concurrency = 8, signal } = options;
  const limit = createLimit(concurrency);
  let failed = 0;
  return {
    from,
    to,
    aliases,
    deleted,
    verify,
    signal,
    dryRun: report.dryRun,
    range: range === undefined ? undefined : parseVersionRange(range),
    forEach: (items, task) => forEachAtOnce(items, (item) => limit(() => task(item)), { concurrency }),
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

function checkBoth(from: Context, to: Context, { dryRun, concurrency = 8, names }: MirrorOptions): void {
  if (!dryRun) checkWritable(to, "mirror into it");
  const invalid = (state: string, hint: string) =>
    new RegistryError({
      code: "Invalid",
      message: `Cannot mirror ${from.backend.location} to ${to.backend.location}: ${state}`,
      hint,
    });
  const { versioned } = from.settings;
  if (versioned !== to.settings.versioned) {
    throw invalid(
      "only one of them keeps versions",
      `Mirror into a registry that was created with versioned: ${versioned}.`,
    );
  }
  if (typeof names === "string") throw invalid("names is a text", "Pass a list of names, or prefix.");
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw invalid(`concurrency is ${concurrency}`, "It is how many versions are under way at once, from 1.");
  }
}

/** The names to mirror, and what they are called in the target. */
async function pairNames(from: Context, options: MirrorOptions): Promise<NamePair[]> {
  const { rename = (name) => name, prefix = "", signal } = options;
  const renamed = new Map<string, NamePair>();
  for await (const name of options.names ?? usedNames(from, prefix, signal)) {
    if (options.names !== undefined) await checkKnown(from, name, signal);
    if (!name.startsWith(prefix)) continue;
    const target = rename(name);
    checkName(target);
    const other = renamed.get(target);
    if (other !== undefined && other.name !== name) {
      throw new RegistryError({
        code: "Invalid",
        message: `Cannot mirror ${shown(name)}: it would become ${shown(target)}, as ${shown(other.name)} would`,
        hint: "Rename so that each name has one of its own. Nothing was written.",
      });
    }
    renamed.set(target, { name, target });
  }
  return [...renamed.values()];
}

/** Every name that was ever used, also where all of its versions are deleted. */
async function* usedNames({ backend }: Context, prefix: string, signal?: AbortSignal): AsyncGenerator<string> {
  for await (const entry of backend.list(namesPrefix(prefix), { delimiter: "/", signal })) {
    const name = isPrefix(entry) ? decodeName(entry.prefix.slice(NAMES.length, -1)) : undefined;
    if (name !== undefined) yield name;
  }
}

/** Reads what was mirrored, as `verifyRegistry` does. */
async function readBack(
  to: Registry,
  { name, target }: NamePair,
  versions: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<MirrorFailure[]> {
  if (versions.size === 0) return [];
  const { problems } = await verifyRegistry(to, { names: [target], signal });
  return problems.flatMap(({ ref, code, message, hint, key }) => {
    const version = ref.slice(target.length + 1);
    const backend = to.location;
    return versions.has(version)
      ? { name, version, error: new RegistryError({ code, message, hint, key, backend }) }
      : [];
  });
}
