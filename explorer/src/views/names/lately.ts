// Recent changes: the logs of the names with the newest versions, and runs.
import { RELEASE } from "../../../../core/registry/release.ts";
import { namePath } from "../../api/artifacts.ts";
import { useSession, useVersionRuns } from "../../api/context.ts";
import type { LogEntry } from "../../api/names.ts";
import { type Change, ChangeList, changesOf } from "../../components/change_list.ts";
import { Shown } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { useMemo } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import type { FoundVersion } from "./found_list.ts";
import { partNames } from "./name_tree.ts";

/** Names whose logs are read, changes of each, runs, and changes that are shown. */
const NAMES = 8, EACH = 24, RUNS = 4, MOST = 12;
/** Versions of one name in a row that are shown as one change. */
const BURST = 3;
/** Keys of metadata that may name who saved a version. */
const BY = ["author", "user", "by", "created_by", "savedBy"];

/** `newest` has the newest version of each name, or none if there are too many names. */
export function Lately(
  { names, newest }: { names: readonly string[]; newest: ReadonlyMap<string, FoundVersion> },
) {
  const { service, extensions } = useSession();
  const runs = useVersionRuns();
  const { own } = useMemo(() => partNames(names, extensions), [names, extensions]);
  const recent = own.flatMap((name) => newest.get(name) ?? [])
    .sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt)).slice(0, NAMES);
  const changes = useLoaded(async (signal) => {
    const read = async <T>(path: string, limit: number) =>
      (await service.json<{ items: T[] }>(path, { query: { limit }, signal })).items;
    const logs = recent.map(async (newest) =>
      changesOf(newest.name, await read<LogEntry>(`${namePath(newest.name)}/log`, EACH))
        .map((change) => withFound(change, newest))
    );
    const readRuns = async () =>
      await (await runs?.load())?.readRecent(service, { names, limit: RUNS, signal }) ?? [];
    const all: Change[] = (await Promise.all([...logs, readRuns()])).flat();
    return foldBursts(all.sort((a, b) => Date.parse(b.at) - Date.parse(a.at))).slice(0, MOST);
  }, [recent.map(({ name, version }) => [name, version]), names.length]);
  if (newest.size === 0 && !changes.value?.length) return null; // of many names, runs are all
  return html`
    <aside class="card stack" aria-label="Changed lately">
      <h2>Changed lately</h2>
      ${newest.size === 0 &&
        html`<p class="muted">Runs only: changes are listed for up to 500 names.</p>`}
      <${Shown} of=${changes} what="Reading changes">${(changes: Change[]) =>
        html`<${ChangeList} label="Changes" changes=${changes} />`}<//>
    </aside>
  `;
}

/** Returns changes with several versions of a name in a row as one change, the newest. */
export function foldBursts(changes: readonly Change[]): Change[] {
  const bursts: Change[][] = [];
  for (const change of changes) {
    const [first] = bursts.at(-1) ?? [];
    const isSame = first?.name === change.name && first.event === "saved" &&
      change.event === "saved";
    if (isSame) bursts.at(-1)?.push(change);
    else bursts.push([change]);
  }
  return bursts.flatMap((burst) => {
    const [newest] = burst;
    if (newest === undefined || burst.length < BURST) return burst;
    const isCut = changes.filter(({ name }) => name === newest.name).length >= EACH;
    const count = `${burst.length - 1}${isCut ? " or more" : ""}`;
    return [{ ...newest, event: `and ${count} before it saved` }];
  });
}

/**
 * Adds the author and kind of the newest version to the change that saved it. Metadata only claim
 * an author: they never replace the one in the record.
 */
export function withFound(
  change: Change,
  { version: newest, kind, metadata }: Pick<FoundVersion, "version" | "kind" | "metadata">,
): Change {
  const { event, version } = change;
  if (event !== "saved" || version !== newest) return change;
  const {
    by = [...BY.map((key) => metadata[key]), Object(metadata.savedBy).name]
      .find((value) => typeof value === "string"),
  } = change;
  return { ...change, by, event: kind === RELEASE ? "published" : event };
}
