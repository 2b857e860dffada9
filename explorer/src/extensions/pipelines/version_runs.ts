// Facts and curves of runs in the views of versions, loaded once these need them.
import type { Service } from "../../api/service.ts";
import type { Change } from "../../components/change_list.ts";
import type { Facts, OpenRun, RecentOptions } from "../../extension.ts";
import { formatMs, formatTime } from "../../format/format.ts";
import { hrefOf } from "../../framework/router.ts";
import type { Made } from "../../views/lineage/lineage_part.ts";
import { type ListedRun, readRun, stateOfEnd } from "./runs.ts";

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
  const items = await readNewest(service, { names, limit, signal });
  return items.map(({ run, end, plannedAt: at }) => {
    const event = end === "unknown" ? stateOfEnd(end) : end;
    return { name: `run ${run}`, href: hrefOf(["runs", run]), event, at };
  });
}

/** Milliseconds after which a run without an end was most likely killed. */
const LONGEST_MS = 7 * 86_400_000;

export async function readOpen(
  service: Service,
  options: RecentOptions,
): Promise<readonly OpenRun[]> {
  const items = await readNewest(service, options);
  const isOpen = ({ end, plannedAt }: ListedRun) =>
    end === "unknown" && Date.now() - Date.parse(plannedAt) < LONGEST_MS;
  return items.filter(isOpen).map(({ run, end, plannedAt: startedAt }) => ({
    id: run,
    href: hrefOf(["runs", run]),
    startedAt,
    state: stateOfEnd(end),
  }));
}

async function readNewest(
  service: Service,
  { names, limit, signal }: RecentOptions,
): Promise<readonly ListedRun[]> {
  if (!names.some((name) => name.endsWith(":run"))) return [];
  const query = { limit };
  return (await service.json<{ items: ListedRun[] }>("runs", { query, signal })).items;
}
