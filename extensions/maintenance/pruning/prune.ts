// Retention: deletes old versions by rules.
import type { Registry } from "../../../mod.ts";
import {
  forEachAtOnce,
  invalid,
  isRegistryError,
  parseCondition,
  realSystem,
  shown,
} from "../../../core/kernel.ts";
import type { RetentionRule } from "../../../registry/tools/settings.ts";
import { isRetention, isUnknownRule } from "../../../core/registry/rules.ts";
import {
  checkKnownRule,
  createRuleReader,
  knownRecords,
  recordsOf,
} from "../../../registry/records.ts";
import type { Records } from "../../../registry/records.ts";
import { readStoreTime } from "../garbage/collection.ts";
import type { PruneOptions, PruneReport } from "./report.ts";
import { type Findings, NamePruning, noFindings } from "./name_pruning.ts";
import { PERIOD_OPTIONS } from "./periods.ts";
import { prunableByContract, prunableInStore, type Retention } from "./prunable.ts";
import { QuietPlans } from "./quiet_plans.ts";
import { comparePlaces, listPruned, type PrunedName } from "./pruned_names.ts";

/** Implements `prune` of `extensions/maintenance/pruning/mod.ts`. */
export async function prune(registry: Registry, options: PruneOptions): Promise<PruneReport> {
  checkOptions(options);
  return await pruneEach(registry, () => options, options);
}

/** Implements `pruneByRules` of `extensions/maintenance/pruning/mod.ts`. */
export async function pruneByRules(
  registry: Registry,
  options: PruneRun = {},
): Promise<PruneReport> {
  const context = recordsOf(registry, "prune by rules");
  const quiet = options.names === undefined
    ? await QuietPlans.read(context, options.signal)
    : undefined;
  const report = await pruneEach(registry, (rule) => rule && retentionOf(rule), options, quiet);
  if (!report.dryRun) await quiet?.save();
  return report;
}

function retentionOf({ keepWhere, ...rule }: RetentionRule): Retention | undefined {
  if (!isRetention({ keepWhere, ...rule })) return undefined; // a later release may know it
  return keepWhere === undefined
    ? rule
    : { ...rule, keepWhere: parseCondition(keepWhere, { isStored: true }) };
}

type PruneRun = Pick<PruneOptions, "confirm" | "dryRun" | "names" | "onDeleted" | "signal">;

/**
 * Prunes the names that have a retention and no protection. Chooses the versions of all of them
 * before it deletes one: a release holds its members even if it is deleted too.
 *
 * One pass over the records shows which names may have a version to delete. A run lists these again
 * before it chooses, so what the pass listed decides only which names are left alone.
 */
async function pruneEach(
  registry: Registry,
  retentionBy: (rule?: RetentionRule) => Retention | undefined,
  { names, dryRun = false, confirm, onDeleted, signal }: PruneRun,
  quiet?: QuietPlans,
): Promise<PruneReport> {
  const context = knownRecords(registry);
  if (context !== undefined && !dryRun) context.checkWritable("prune");
  const report: PruneReport = { dryRun, deleted: [], kept: 0, failures: [] };
  const now = createClock(context, report, signal);
  const ruleOf = createRuleReader(registry, signal);
  const at = { backend: { location: registry.location } };
  const choose = async (listed: PrunedName): Promise<Plan | undefined> => {
    const { name, pass } = listed;
    const rule = await ruleOf(name);
    const findings = noFindings();
    const retention = asFailure(findings, name, () => {
      if (rule !== undefined) checkKnownRule(at, { action: "prune", subject: shown(name) }, rule);
      return retentionBy(rule);
    });
    if (retention === undefined) return { listed, findings };
    if (rule?.protect) {
      report.protected = (report.protected ?? 0) + 1;
      return undefined;
    }
    const { keepLast = 0, keepAliased = true, olderThanMs } = retention;
    const youngFrom = olderThanMs === undefined ? Infinity : await now() - olderThanMs;
    const ruled = pass && rule && { listed: pass, rule, youngFrom };
    const kept = ruled && quiet?.keptOf(ruled);
    if (kept !== undefined) return { listed, findings: { ...findings, kept } };
    const isProtected = async () => {
      const present = await createRuleReader(registry, signal)(name);
      return present !== undefined && (present.protect === true || isUnknownRule(present));
    };
    const rules = { ...retention, keepLast, keepAliased, youngFrom, now, isProtected, onDeleted };
    const pruning: Pruning = context === undefined
      ? new NamePruning(prunableByContract(registry, name, { ...retention, signal }), rules)
      : new NamePruning(prunableInStore(context, name, { pass, signal }), rules);
    const chosen = await pruning.choose(dryRun ? "plan" : "delete");
    if (ruled !== undefined) quiet?.add(ruled, chosen);
    if (!dryRun) await quiet?.saveInterim();
    return { listed, findings: chosen, pruning: dryRun ? undefined : pruning };
  };
  const plans: Plan[] = [];
  await forEachAtOnce(listPruned(registry, names, signal), async (listed) => {
    const plan = await choose(listed);
    if (plan === undefined) return;
    const { listed: { name, at }, findings, pruning } = plan;
    addCounts(report, findings);
    const isQuiet = findings.deleted.length === 0;
    if (isQuiet && findings.failures.length === 0) return;
    // without the entries of the pass, of which there may be many
    plans.push({ listed: { name, at }, findings, ...!isQuiet && { pruning } });
  });
  plans.sort((a, b) => comparePlaces(a.listed, b.listed));
  report.deleted = plans.flatMap(({ findings }) => findings.deleted);
  report.failures = plans.flatMap(({ findings }) => findings.failures);
  const plan = { ...report, dryRun: true };
  if (dryRun || await confirm?.(plan) === false) return plan;
  report.deleted = [];
  const runs = new Map<Plan, Findings>();
  await forEachAtOnce(plans, async (plan) => {
    if (plan.pruning !== undefined) runs.set(plan, await plan.pruning.run());
  });
  for (const run of plans.flatMap((plan) => runs.get(plan) ?? [])) {
    addCounts(report, run);
    report.deleted.push(...run.deleted);
    report.failures.push(...run.failures);
  }
  return report;
}

interface Plan {
  listed: PrunedName;
  findings: Findings;
  /** Deletes what the plan names. */
  pruning?: Pruning;
}

type Pruning = Pick<NamePruning, "choose" | "run">;

function addCounts(report: PruneReport, { kept, restored }: Findings): void {
  report.kept += kept;
  if (restored !== undefined) report.restored = (report.restored ?? 0) + restored;
}

/** Returns what `find` does. Reports an error as the failure of a name, all of which stays. */
function asFailure<T>(findings: Findings, name: string, find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    if (!isRegistryError(error, "Unsupported", "Invalid")) throw error;
    const { code, message, hint } = error;
    findings.failures.push({ name, code, message, ...(hint && { hint }) });
  }
}

/** Returns a function that returns one time for all ages, and reports its clock. */
function createClock(
  context: Records | undefined,
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
