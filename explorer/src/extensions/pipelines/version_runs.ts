// Facts and curves of runs in the views of versions, loaded once these need them.
import type { Service } from "../../api/service.ts";
import type { Change } from "../../components/change_list.ts";
import type { Facts, RecentOptions } from "../../extension.ts";
import { formatMs, formatTime } from "../../format/format.ts";
import { hrefOf } from "../../framework/router.ts";
import type { Made } from "../../views/lineage/lineage_part.ts";
import { type ListedRun, readRun } from "./runs.ts";

export { CurvesOfRuns as Curves } from "./output_curves.ts";

export async function readStep(
  service: Service,
  made: Made,
  signal: AbortSignal,
): Promise<Facts> {
  const { steps } = await readRun(service, made.run, signal);
  const step = steps.find(({ step }) => step === made.step);
  return {
    Status: step?.end,
    Began: step?.startedAt && formatTime(step.startedAt),
    Took: step && formatMs(step.durationMs),
  };
}

export async function readRecent(
  service: Service,
  { names, limit, signal }: RecentOptions,
): Promise<readonly Change[]> {
  if (!names.some((name) => name.endsWith(":run"))) return [];
  const query = { limit };
  const { items } = await service.json<{ items: ListedRun[] }>("runs", { query, signal });
  return items.map(({ run, end, plannedAt: at }) => {
    const event = end === "unknown" ? "running or killed" : end;
    return { name: `run ${run}`, href: hrefOf(["runs", run]), event, at };
  });
}
