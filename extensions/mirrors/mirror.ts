// Mirrors the versions of a registry into another one, in any stores.
import type { Registry } from "../../mod.ts";
import {
  checkName,
  checkNewName,
  checkToolOptions,
  compareVersions,
  createLimit,
  fault,
  forEachAtOnce,
  isRegistryError,
  parseVersion,
  parseVersionRange,
  realSystem,
  shown,
  silentLogger,
} from "../../core/kernel.ts";
import type { Fault } from "../../core/kernel.ts";
import {
  checkHasName,
  createRuleReader,
  knownRecords,
  LAYOUT,
  readThrough,
} from "../../registry/records.ts";
import type { Records } from "../../registry/records.ts";
import { openPages, type SignalOptions, type VersionRange } from "../../registry/mod.ts";
import { openEqualNames } from "./equal_names.ts";
import { type CreateMirror, mirrorInOrder } from "./in_order.ts";
import type { NameMirror } from "./mirror_name.ts";
import { copySettings, missingRules } from "./copy_settings.ts";
import { countItem, emptyReport } from "./report.ts";
import type { MirrorFailure, MirrorItem, MirrorProgress, MirrorReport } from "./report.ts";
import { type AnyRun, Members, type MirrorRun, type NamePair, persist } from "./run.ts";
import { mirrorReasons } from "./words/reasons.ts";

/** Options of {@linkcode mirrorRegistry}. */
export interface MirrorOptions extends SignalOptions {
  /** Only these names; an unknown one is `NotFound`. @default all */
  names?: Iterable<string>;
  prefix?: string;
  /** Returns the target name. Two names with the same one are `Invalid`. @default same name */
  rename?: (name: string) => string;
  range?: string;
  /** Mirror aliases. @default true */
  aliases?: boolean;
  /**
   * Delete what the source has deleted; the version stays used. A deletion that a rule of the target
   * forbids is a failure. @default true
   */
  deleted?: boolean;
  /**
   * First give the target the rules, the grace period and the sharing of the source, instead of its
   * own. Between stores only. @default false
   */
  settings?: boolean;
  /** Ignore notes of earlier runs, and read all mirrored data from the target. @default false */
  verify?: boolean;
  /** Versions mirrored at the same time. @default 8 */
  concurrency?: number;
  /** Report without writing; files and bytes are those of whole versions. @default false */
  dryRun?: boolean;
  onItem?: (item: MirrorItem) => void;
  /** Called for moved bytes, and for each version and name that is done. */
  onProgress?: (progress: MirrorProgress) => void;
}

/** After this many consecutive failures of a store, and `concurrency`, the run fails. */
const MAX_FAILURES_IN_A_ROW = 8;

/** Implements `mirrorRegistry` of `mod.ts`. */
export async function mirrorRegistry(
  from: Registry,
  to: Registry,
  options: MirrorOptions = {},
): Promise<MirrorReport> {
  checkToolOptions("mirror the registry", to, {});
  const { dryRun = false, concurrency = 8, verify = false, signal, onProgress } = options;
  const stores = { from: knownRecords(from), to: knownRecords(to) };
  checkBoth(from, to, options);
  if (stores.to !== undefined && !dryRun) stores.to.checkWritable("mirror into it");
  const report = emptyReport(dryRun);
  const progress = { names: 0, totalNames: 0, versions: 0, bytes: 0 };
  const members = new Members(from, to, signal);
  const run = createRun(to, { ...options, members }, report, progress);
  const between: MirrorRun | undefined = stores.from && stores.to && {
    ...run,
    range: rangeIn(from, run.range),
    from: stores.from.findingLost({ cached: true }),
    to: stores.to,
  };
  const create = await chooseMirror(run, from, to, between);
  if (stores.from === undefined || stores.to === undefined) {
    report.leftOut.push(...leftOutBy(run, stores.to, options));
  } else {
    if (options.settings && !dryRun) await copySettings(stores.from, stores.to, signal);
    else report.missingRules = missingRules(stores.from, stores.to);
  }
  const pairOf = createPairing(options);
  const list = () => persist(run, () => pairNames(from, options, pairOf, stores.from));
  const equalNames = between && options.names === undefined
    ? await openEqualNames(between, { ...options, pairOf, list })
    : undefined;
  const onName = () => {
    progress.names = ++report.names;
    progress.totalNames = Math.max(progress.totalNames, progress.names);
    onProgress?.({ ...progress });
  };
  const end = async (mirror: NameMirror) => {
    const { pair, mirrored } = mirror;
    const equal = await mirror.end();
    const damaged = verify && !dryRun
      ? await persist(run, () => readBack(run, to, pair, mirrored))
      : [];
    report.failures.push(...damaged);
    equalNames?.note(pair, damaged.length === 0 ? equal : undefined);
    onName();
  };
  try {
    const changed = await (equalNames?.findChanged(onName) ?? list());
    progress.totalNames = report.names + changed.length;
    const looked = new Set(changed.map(({ name }) => name));
    const chosen = (name: string) => looked.has(name) || equalNames?.isUnchanged(name) === true;
    await mirrorInOrder(run, changed, { chosen, create, end, concurrency, ...options });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    await equalNames?.save();
  }
  return report;
}

/** Mirrors cell by cell between stores, otherwise by the methods of every registry. */
async function chooseMirror(
  run: AnyRun,
  from: Registry,
  to: Registry,
  between?: MirrorRun,
): Promise<CreateMirror> {
  if (between !== undefined) {
    const { StoreMirror } = await import("./mirror_name.ts");
    return (pair, range) => new StoreMirror({ ...between, range: rangeIn(from, range) }, pair);
  }
  const { ContractMirror } = await import("./by_contract.ts");
  const byContract = { ...run, from, to, store: knownRecords(to) };
  return (pair, range) => new ContractMirror({ ...byContract, range: rangeIn(from, range) }, pair);
}

/** Returns what a mirror leaves out that does not read and write the records of two stores. */
function leftOutBy(
  run: AnyRun,
  to: Records | undefined,
  { settings }: MirrorOptions,
): MirrorReport["leftOut"] {
  const left: MirrorReport["leftOut"] = [];
  if (run.deleted) left.push("deletions");
  if (run.deleted && run.aliases) left.push("removed aliases");
  if (to === undefined) left.push("dates");
  left.push("annotations");
  if (settings) left.push("settings");
  return left;
}

/** A registry without versions has no range of them. */
function rangeIn({ settings }: Registry, range?: VersionRange): VersionRange | undefined {
  return settings.versioned ? range : undefined;
}

function createRun(
  to: Registry,
  options: MirrorOptions & { members: Members },
  report: MirrorReport,
  progress: MirrorProgress,
): AnyRun {
  const {
    members,
    range,
    aliases = true,
    deleted = true,
    verify = false,
    concurrency = 8,
    signal,
  } = options;
  const store = knownRecords(to);
  const limit = createLimit(concurrency);
  let failed = 0;
  return {
    system: store?.system ?? realSystem,
    logger: store?.logger ?? silentLogger,
    ruleOf: createRuleReader(to, signal),
    aliases,
    deleted,
    verify,
    signal,
    members,
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
      if (report.dryRun && item.action === "copied") {
        members.planned.add(`${item.target}@${item.version}`);
      }
      if (item.version !== undefined && !item.annotations) progress.versions++;
      options.onItem?.(item);
      options.onProgress?.({ ...progress });
      failed = isRegistryError(item.error, "Unavailable", "Denied") ? failed + 1 : 0;
      if (failed >= MAX_FAILURES_IN_A_ROW + concurrency) throw item.error;
    },
  };
}

function checkBoth(from: Registry, to: Registry, { concurrency = 8 }: MirrorOptions): void {
  const subject = `${from.location} to ${to.location}`;
  const invalid = (fields: Pick<Fault, "state" | "hint" | "reason">) =>
    fault({ code: "Invalid", action: "mirror", subject, ...fields });
  const { versioned } = from.settings;
  if (versioned !== to.settings.versioned) {
    throw invalid({
      state: "only one of the registries has versions",
      hint: `Mirror into a registry that was created with versioned: ${versioned}.`,
      reason: mirrorReasons.of("mirror_unversioned"),
    });
  }
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw invalid({
      state: `invalid concurrency ${concurrency}`,
      hint: "Pass the number of versions to mirror at the same time, at least 1.",
    });
  }
}

/** Returns what a name is called in both. Throws for two names with the same target. */
function createPairing({ rename }: MirrorOptions): (name: string) => NamePair {
  const renamed = new Map<string, string>();
  return (name) => {
    const target = rename?.(name) ?? name;
    (target === name ? checkName : checkNewName)(target);
    if (rename === undefined) return { name, target };
    const other = renamed.get(target) ?? name;
    if (other !== name) {
      throw fault({
        code: "Invalid",
        action: "mirror",
        subject: shown(name),
        state: `it and ${shown(other)} would both become ${shown(target)}`,
        hint: "Map each name to a different one. Nothing was written.",
      });
    }
    renamed.set(target, name);
    return { name, target };
  };
}

/** Returns the chosen names, or all with the prefix. */
async function pairNames(
  from: Registry,
  { names, prefix = "", signal }: MirrorOptions,
  pairOf: (name: string) => NamePair,
  store?: Records,
): Promise<NamePair[]> {
  const pairs: NamePair[] = [];
  const all = () =>
    // every name that was ever used, also if all of its versions are deleted
    store?.names(LAYOUT.NAMES, { prefix, signal }) ?? from.names({ prefix, signal });
  for await (const name of names === undefined ? all() : new Set(names)) {
    if (names !== undefined) {
      await checkHasName(from, name, signal);
    }
    if (name.startsWith(prefix)) pairs.push(pairOf(name));
  }
  return pairs;
}

/** Reads mirrored versions from the target, which verifies them. */
async function readBack(
  run: AnyRun,
  to: Registry,
  { name, target }: NamePair,
  versions: ReadonlySet<string>,
): Promise<MirrorFailure[]> {
  const failures: MirrorFailure[] = [];
  await run.forEach([...versions], async (version) => {
    try {
      const ref = `${target}@${version}`;
      const { pages } = await openPages(to, ref, { verify: "full", signal: run.signal });
      for await (const page of pages()) await readThrough(page);
    } catch (error) {
      if (!isRegistryError(error, "Corrupt", "NotFound")) throw error;
      failures.push({ name, version, error });
    }
  });
  const order = ({ version }: MirrorFailure) => parseVersion(version!);
  return failures.sort((a, b) => compareVersions(order(b), order(a)));
}
