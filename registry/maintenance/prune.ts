// Retention: deletes old versions by rules.
import { invalid, isRegistryError, orMissing } from "../../core/errors.ts";
import type { RegistryError } from "../../core/errors.ts";
import { valueAt } from "../../core/faults/present.ts";
import { shown } from "../../core/naming/names.ts";
import type { RetentionRule } from "../../core/record.ts";
import { parseStoredCondition } from "../../core/registry/conditions.ts";
import { isRetention, isUnknownRule } from "../../core/registry/rules.ts";
import type { Registry } from "../../core/registry.ts";
import { realSystem } from "../../core/system.ts";
import { checkWritable, type Context, contextOf, knownContext } from "../operations/context.ts";
import { readStoreTime } from "./collection.ts";
import type { PruneOptions, PruneReport } from "./prune_report.ts";
import { newestOfPeriods, PERIOD_OPTIONS } from "./prune_periods.ts";
import { listPruned } from "./pruned_names.ts";
import { type Listed, type Prunable, prunableByContract, prunableInStore } from "./prunable.ts";
import { readsEach, type Retention, type Times } from "./prunable.ts";
import { checkKnownRule } from "../operations/protection.ts";
import { createRuleReader } from "./rules.ts";
import { inWords } from "../../core/calls/verb_errors.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";

/** Implements `prune` of `registry/maintenance.ts`. */
export async function prune(registry: Registry, options: PruneOptions): Promise<PruneReport> {
  checkOptions(options);
  return await pruneEach(registry, () => options, options);
}

/** Implements `pruneByRules` of `registry/tools/rules.ts`. */
export async function pruneByRules(
  registry: Registry,
  options: PruneRun = {},
): Promise<PruneReport> {
  contextOf(registry, "prune by rules");
  return await pruneEach(registry, (rule) => rule && retentionOf(rule), options);
}

function retentionOf({ keepWhere, ...rule }: RetentionRule): Retention | undefined {
  if (!isRetention({ keepWhere, ...rule })) return undefined; // a later release may know it
  return keepWhere === undefined ? rule : { ...rule, keepWhere: parseStoredCondition(keepWhere) };
}

type Pruning = Pick<NamePruning<Listed>, "choose" | "run">;

type PruneRun = Pick<PruneOptions, "confirm" | "dryRun" | "names" | "onDeleted" | "signal">;

/**
 * Prunes the names that have a retention and no protection. Chooses the versions of all of them
 * before it deletes one: a release holds its members even if it is deleted too.
 */
async function pruneEach(
  registry: Registry,
  retentionBy: (rule?: RetentionRule) => Retention | undefined,
  { names, dryRun = false, confirm, onDeleted, signal }: PruneRun,
): Promise<PruneReport> {
  const context = knownContext(registry);
  if (context !== undefined && !dryRun) checkWritable(context, "prune");
  const report: PruneReport = { dryRun, deleted: [], kept: 0, failures: [] };
  const now = createClock(context, report, signal);
  const ruleOf = createRuleReader(registry, signal);
  const at = { backend: { location: registry.location } };
  const choose = async (name: string) => {
    const rule = await ruleOf(name);
    const retention = asFailure(report, name, () => {
      if (rule !== undefined) checkKnownRule(at, { action: "prune", subject: shown(name) }, rule);
      return retentionBy(rule);
    });
    if (retention === undefined) return;
    if (rule?.protect) {
      report.protected = (report.protected ?? 0) + 1;
      return;
    }
    const { keepLast = 0, keepAliased = true, olderThanMs } = retention;
    const youngFrom = olderThanMs === undefined ? Infinity : await now() - olderThanMs;
    const isProtected = async () => {
      const present = await createRuleReader(registry, signal)(name);
      return present !== undefined && (present.protect === true || isUnknownRule(present));
    };
    const rules = {
      ...retention,
      keepLast,
      keepAliased,
      youngFrom,
      now,
      isProtected,
      report,
      onDeleted,
    };
    const pruning: Pruning = context === undefined
      ? new NamePruning(prunableByContract(registry, name, { ...retention, signal }), rules)
      : new NamePruning(prunableInStore(context, registry, name, signal), rules);
    const chosen = await pruning.choose();
    return { pruning: chosen.length > 0 && !dryRun ? pruning : undefined, chosen };
  };
  const listed = await Array.fromAsync(listPruned(registry, names, signal));
  const plans: Awaited<ReturnType<typeof choose>>[] = [];
  await forEachAtOnce(listed.entries(), async ([place, name]) => plans[place] = await choose(name));
  report.deleted = plans.flatMap((plan) => plan?.chosen ?? []);
  const plan = { ...report, dryRun: true };
  if (dryRun || await confirm?.(plan) === false) return plan;
  report.deleted = [];
  for (const plan of plans) {
    for (const version of await plan?.pruning?.run() ?? []) report.deleted.push(version);
  }
  return report;
}

/** Returns what `find` does. Reports an error as the failure of a name, all of which stays. */
function asFailure<T>(report: PruneReport, name: string, find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    if (!isRegistryError(error, "Unsupported", "Invalid")) throw error;
    const { code, message, hint } = error;
    report.failures.push({ name, code, message, ...(hint && { hint }) });
  }
}

/** Returns a function that returns one time for all ages, and reports its clock. */
function createClock(
  context: Context | undefined,
  report: PruneReport,
  signal?: AbortSignal,
): () => Promise<number> {
  let now: Promise<number> | undefined;
  return async () => {
    report.clock = context === undefined || context.readOnly ? "own" : "store";
    now ??= report.clock === "store"
      ? readStoreTime(context!, "prune", signal)
      : Promise.resolve((context?.system ?? realSystem).now());
    return await now;
  };
}

function checkOptions(options: PruneOptions): void {
  const { keepLast, olderThanMs, keepWhere } = options;
  const counts = [keepLast, ...PERIOD_OPTIONS.map((option) => options[option])];
  const isBad = counts.some((count = 0) => !Number.isInteger(count) || count < 0) ||
    !Number.isFinite(olderThanMs ?? 0) || (olderThanMs ?? 0) < 0 ||
    typeof (keepWhere ?? prune) !== "function";
  const isGiven = [...counts, olderThanMs, keepWhere].some((rule) => rule !== undefined);
  if (!isBad && isGiven) return;
  const state = isBad
    ? "counts must be non-negative integers, olderThanMs a non-negative number, and keepWhere a " +
      "function"
    : "no rule is given";
  throw invalid("prune", undefined, state, {
    hint: "Pass keepLast, keepDaily, keepWeekly, keepMonthly, olderThanMs or keepWhere. Versions " +
      "that no rule keeps are deleted.",
  });
}

/** The rules, and the report of their effect. */
interface PruneRules extends Omit<Retention, "olderThanMs">, Pick<PruneOptions, "onDeleted"> {
  keepLast: number;
  /** Versions received at this time or later are kept; milliseconds of the store's clock. */
  youngFrom: number;
  keepAliased: boolean;
  /** Returns the store's time, milliseconds. */
  now(): Promise<number>;
  /** Returns true if a rule protects the name by now. */
  isProtected(): Promise<boolean>;
  report: PruneReport;
}

/** Versions that are read or deleted before checking again what must be kept. */
const AT_ONCE = 16;

interface Standing extends Partial<Times> {
  /** `keepWhere` keeps it. */
  isWanted?: boolean;
  /** `delete` refuses it. */
  isHeld?: boolean;
  /** It was restored within the grace period. */
  isRestored?: boolean;
  failure?: unknown;
}

/** Deletes versions of a name that no rule keeps. Unreadable versions are kept and reported. */
class NamePruning<L extends Listed> {
  readonly #prunable: Prunable<L>;
  readonly #rules: PruneRules;
  /** Results by version and generation: a new head is read again. */
  readonly #standings = new Map<string, Standing>();
  readonly #deleted = new Set<L>();
  #chosen: L[] = [];

  constructor(prunable: Prunable<L>, rules: PruneRules) {
    this.#prunable = prunable;
    this.#rules = rules;
  }

  /** Chooses the versions to delete, newest first. Counts the others. */
  async choose(): Promise<PruneReport["deleted"]> {
    const { youngFrom, report } = this.#rules;
    const listed = await Array.fromAsync(this.#prunable.list());
    try {
      const stays = await this.#protectedVersions(listed);
      const open = listed.filter(({ version, modifiedAt, generation }) =>
        !stays.has(version) && (modifiedAt < youngFrom || generation > 1)
      );
      await forEachAtOnce(open, async (version) => {
        const standing = await this.#inspect(version);
        const asked = async () => ({ ...standing, isHeld: await this.#prunable.isHeld?.(version) });
        if (standing.receivedAt !== undefined) await this.#note(version, asked());
      });
      this.#chosen = listed.filter((version) => this.#mayGo(version, stays));
    } catch (error) {
      report.kept += listed.length;
      this.#fail(undefined, error); // the version of an alias is not known
    }
    return this.#chosen.map((version) => this.#named(version));
  }

  /** Returns true for a readable version that no rule keeps; counts it otherwise. */
  #mayGo(version: L, stays: ReadonlySet<string>): boolean {
    const standing = this.#standings.get(idOf(version));
    if (standing !== undefined && standing.receivedAt === undefined) {
      this.#passOver(version, standing);
      return false;
    }
    const { receivedAt = version.modifiedAt, isHeld, isRestored = false } = standing ?? {};
    const isDue = receivedAt < this.#rules.youngFrom && !stays.has(version.version) && !isHeld;
    if (isDue && !isRestored) return true;
    const { report } = this.#rules;
    if (isDue) report.restored = (report.restored ?? 0) + 1;
    report.kept++;
    return false;
  }

  /** Deletes the chosen versions that no rule keeps by now. Returns them, newest first. */
  async run(): Promise<PruneReport["deleted"]> {
    if (await this.#rules.isProtected()) this.#rules.report.kept += this.#chosen.length;
    else await this.#deleteOldestFirst([...this.#chosen]);
    return this.#chosen.filter((version) => this.#deleted.has(version)).map((version) =>
      this.#named(version)
    );
  }

  /** Returns the versions that are now protected by rank, period, `keepWhere` or alias. */
  async #protectedVersions(known?: readonly L[]): Promise<Set<string>> {
    const { keepLast, keepAliased, ...rules } = this.#rules;
    const aliased = keepAliased ? await this.#prunable.aliased() : [];
    const readsAll = readsEach(rules);
    const listed = known ?? (readsAll ? await Array.fromAsync(this.#prunable.list()) : undefined);
    const wanted = readsAll ? await this.#wantedVersions(listed!) : [];
    const newest = new Set<string>();
    let batch: L[] = [];
    const take = async () => {
      await Promise.all(batch.map(async (version) => {
        const { receivedAt } = await this.#inspect(version);
        if (receivedAt !== undefined) newest.add(version.version);
      }));
      batch = [];
    };
    if (keepLast > 0) {
      for await (const version of listed ?? this.#prunable.list()) {
        batch.push(version);
        if (batch.length < Math.min(keepLast - newest.size, AT_ONCE)) continue;
        await take();
        if (newest.size >= keepLast) break;
      }
      await take();
    }
    return new Set([...newest, ...wanted, ...aliased]);
  }

  /** Returns the versions that are protected by their period or `keepWhere`: reads each. */
  async #wantedVersions(listed: readonly L[]): Promise<string[]> {
    await forEachAtOnce(listed, (version) => this.#inspect(version));
    const readable = listed.flatMap((version) => {
      const { receivedAt, createdAt = 0, isWanted } = valueAt(this.#standings, idOf(version));
      if (receivedAt === undefined) return [];
      const madeAt = Math.min(receivedAt, createdAt);
      return [{ version: version.version, madeAt, isWanted }];
    });
    const wanted = readable.filter(({ isWanted }) => isWanted);
    return [...wanted, ...newestOfPeriods(readable, this.#rules)].map(({ version }) => version);
  }

  #named({ version }: L): { name: string; version: string } {
    return { name: this.#prunable.name, version };
  }

  async #inspect(version: L): Promise<Standing> {
    return this.#standings.get(idOf(version)) ?? await this.#note(version, this.#read(version));
  }

  async #note(version: L, reading: Promise<Standing>): Promise<Standing> {
    const standing = await reading.catch((failure): Standing => {
      if (!isRegistryError(failure, "Corrupt", "Unsupported")) throw failure;
      return { failure };
    });
    this.#standings.set(idOf(version), standing);
    return standing;
  }

  async #read(version: L): Promise<Standing> {
    const { keepWhere, now } = this.#rules;
    const times = await this.#prunable.times(version);
    if (times === undefined) return {};
    const { restoredUntil } = times;
    const isRestored = restoredUntil !== undefined && await now() < restoredUntil;
    if (keepWhere === undefined) return { ...times, isRestored };
    const info = await orMissing(this.#prunable.info(version));
    return info === undefined ? {} : { ...times, isRestored, isWanted: keepWhere(info) };
  }

  /** Deletes the newest version last and alone, after checking again what must be kept. */
  async #deleteOldestFirst(remaining: L[]): Promise<void> {
    const { report } = this.#rules;
    while (remaining.length > 0) {
      const batch = remaining.splice(-Math.max(1, Math.min(AT_ONCE, remaining.length - 1)));
      // Labels may have changed after the plan.
      if (this.#rules.keepWhere) batch.forEach((version) => this.#standings.delete(idOf(version)));
      try {
        const stays = await this.#protectedVersions();
        await forEachAtOnce(batch, async (version) => {
          const isUnclear = this.#standings.get(idOf(version))?.failure !== undefined;
          if (stays.has(version.version) || isUnclear) report.kept++;
          else await this.#remove(version);
        });
      } catch (error) {
        this.#fail(undefined, error);
        report.kept += remaining.length + batch.length;
        return;
      }
    }
  }

  async #remove(version: L): Promise<void> {
    const { report, onDeleted } = this.#rules;
    try {
      const outcome = await this.#prunable.delete(version);
      if (outcome === "deleted") {
        this.#deleted.add(version);
        onDeleted?.(this.#named(version));
      }
      if (outcome === "changed") report.kept++; // a writer was faster
    } catch (error) {
      report.kept++;
      this.#fail(version, error);
    }
  }

  /** Skips a version that is gone or expired, or reports one that is unreadable. */
  #passOver(version: L, { failure }: Standing): void {
    if (failure === undefined) return;
    this.#rules.report.kept++;
    this.#fail(version, failure);
  }

  #fail(version: L | undefined, error: unknown): void {
    if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
    const { name } = this.#prunable;
    const about = version === undefined ? { name } : { name, version: version.version };
    const ref = version === undefined ? name : `${name}@${version.version}`;
    const worded = inWords({ verb: "prune", ref }, error) as RegistryError;
    const { key, code, message, hint, reason } = worded;
    this.#rules.report.failures.push({
      ...about,
      ...(key && { key }),
      code,
      message,
      ...(hint && { hint }),
      ...(reason && { reason }),
    });
  }
}

function idOf({ version, generation }: Listed): string {
  return `${version} ${generation}`;
}
