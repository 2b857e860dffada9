// Retention: deleting old versions by rule.
import { fault } from "../../core/errors.ts";
import type { Registry } from "../../core/registry.ts";
import { realSystem } from "../../core/system.ts";
import { checkWritable, knownContext } from "../operations/context.ts";
import { checkHas, checkKnown, listNames } from "../operations/listing.ts";
import { readStoreTime } from "./collection.ts";
import { prunableByContract, prunableInStore, pruneName, type PruneRules } from "./prune_name.ts";
import type { PruneOptions, PruneReport } from "./prune_report.ts";

/** What `prune` of `registry/tools.ts` does. */
export async function prune(registry: Registry, options: PruneOptions): Promise<PruneReport> {
  const context = knownContext(registry);
  const { keepLast = 0, olderThanMs, keepAliased = true, dryRun = false, onDeleted, signal } =
    options;
  checkOptions(options);
  if (context !== undefined && !dryRun) checkWritable(context, "prune");
  const report: PruneReport = { dryRun, deleted: [], kept: 0, failures: [] };
  let youngFrom = Infinity;
  if (olderThanMs !== undefined) {
    report.clock = context === undefined || context.readOnly ? "own" : "store";
    const now = report.clock === "store"
      ? await readStoreTime(context!, "prune", signal)
      : (context?.system ?? realSystem).now();
    youngFrom = now - olderThanMs;
  }
  const rules: PruneRules = { keepLast, youngFrom, keepAliased, report, onDeleted };
  const all = () =>
    context === undefined ? registry.names({ signal }) : listNames(context, { signal });
  for await (const name of options.names ?? all()) {
    if (options.names !== undefined) {
      await (context ? checkKnown(context, name, signal) : checkHas(registry, name, signal));
    }
    if (context !== undefined) await pruneName(prunableInStore(context, name, signal), rules);
    else await pruneName(prunableByContract(registry, name, { keepAliased, signal }), rules);
  }
  return report;
}

function checkOptions({ keepLast, olderThanMs }: PruneOptions): void {
  const bad =
    [keepLast, olderThanMs].some((value = 0) => !(Number.isFinite(value) && value >= 0)) ||
    (keepLast ?? 0) % 1 !== 0;
  if (!bad && (keepLast !== undefined || olderThanMs !== undefined)) return;
  throw fault({
    code: "Invalid",
    action: "prune",
    state: bad
      ? "keepLast is not a whole number from 0, or olderThanMs not a number from 0"
      : "no rule is given",
    hint: "Give keepLast, olderThanMs, or both: a version goes when each of them lets it go.",
  });
}
