// Facts and curves of runs in the views of versions, loaded once these need them.
import { type Change, formatMs, formatTime, hrefOf, type Made } from "../../extending.ts";
import type { Service } from "../../extending.ts";
import type { Facts, OpenRun, RecentOptions } from "../../extension.ts";
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

/** Milliseconds after which a run without an end is silent, and after which it is not shown. */
const SILENT_MS = 86_400_000, LONGEST_MS = 7 * SILENT_MS;

export async function readOpen(
  service: Service,
  options: RecentOptions,
): Promise<readonly OpenRun[]> {
  const items = await readNewest(service, options);
  const isOpen = ({ end, plannedAt }: ListedRun) =>
    end === "unknown" && Date.now() - Date.parse(plannedAt) < LONGEST_MS;
  return await Promise.all(
    items.filter(isOpen).map(async ({ run, end, plannedAt: startedAt }) => {
      const heardAt = await lastHeard(service, { run, plannedAt: startedAt }, options.signal);
      return {
        id: run,
        href: hrefOf(["runs", run]),
        startedAt,
        state: stateOfEnd(end),
        silentSince: Date.now() - heardAt < SILENT_MS ? undefined : new Date(heardAt).toISOString(),
      };
    }),
  );
}

/** When the last step of an old run ended, as it was read, and how long that is used. */
const heard = new Map<string, { at: number; readAt: number }>(), USED_MS = 600_000;

/** Returns when the last step of a run ended. The steps of a run that is new are not read. */
async function lastHeard(
  service: Service,
  { run, plannedAt }: Pick<ListedRun, "run" | "plannedAt">,
  signal: AbortSignal,
): Promise<number> {
  const began = Date.parse(plannedAt);
  const now = Date.now(), known = heard.get(run);
  if (now - began < SILENT_MS) return began;
  if (known !== undefined && now - known.readAt < USED_MS) return known.at;
  const details = await readRun(service, run, signal).catch(() => undefined); // it may be unreadable
  const ends = (details?.steps ?? []).map(({ startedAt = plannedAt, durationMs }) =>
    Date.parse(startedAt) + durationMs
  );
  const at = Math.max(began, ...ends);
  heard.set(run, { at, readAt: now });
  return at;
}

async function readNewest(
  service: Service,
  { names, limit, signal }: RecentOptions,
): Promise<readonly ListedRun[]> {
  if (!names.some((name) => name.endsWith(":run"))) return [];
  const query = { limit };
  return (await service.json<{ items: ListedRun[] }>("runs", { query, signal })).items;
}
