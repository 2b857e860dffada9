// All names as a tree, and beside it what is going on. Names of records of extensions are folded.
import { useSession } from "../../api/context.ts";
import type { LoggedRun } from "../../api/logged_runs.ts";
import { Tree, type TreeNode } from "../../components/tree.ts";
import { formatCount, formatNumber } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import { useMemo } from "../../framework/preact.ts";
import { hrefOf, openPlace } from "../../framework/router.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { type FoundVersion, NameCells, type Promoted } from "./found_list.ts";
import { type NameNode, nameTree, partNames } from "./name_tree.ts";

/** The most names whose newest version is shown beside them. */
export const DETAILED = 500;
/** The most versions of a search. */
export const MOST_FOUND = 1000;
/** With so few names, all folders are open at first. */
const ALL_OPEN = 60;

/** The tree as it was left: the way back shows it again. */
const before: { opened?: ReadonlySet<string>; key?: string } = {};

interface AllNamesProps {
  readonly names: readonly string[];
  readonly details: ReadonlyMap<string, FoundVersion>;
  /** Those that are not finished. */
  readonly runs?: readonly LoggedRun[];
  readonly isCut: boolean;
  readonly isComplete: boolean;
}

export function AllNames({ names, details, runs, isCut, isComplete }: AllNamesProps) {
  const { service, extensions } = useSession();
  const lately = useLoaded(async () => (await import("./lately.ts")).Lately, []).value;
  const now = useLoaded(async () => (await import("./now.ts")).Now, []).value;
  const hasChanges = details.size > 0 ||
    (isComplete || isCut) && names.length > DETAILED && !service.isSite;
  const promoted = usePromoted(details.size > 0);
  const { own, internal } = useMemo(() => partNames(names, extensions), [names, extensions]);
  const running = useMemo(() => runningOf(runs), [runs]);
  const tree = (label: string, names: readonly string[], isOpen: boolean) =>
    html`<${NamesTree} ...${{ label, names, details, promoted, running, isOpen }} />`;
  return html`
    <div class="start">
      <div class="stack">
        ${own.length > 0 &&
          tree("Names", own, isComplete && names.length <= ALL_OPEN)}
        ${internal.length > 0 && html`
          <details class="same" open=${own.length === 0}>
            <summary>${formatCount(internal.length, "internal name")}, of records that pipelines and
              this page keep</summary>
            ${tree("Internal names", internal, internal.length <= ALL_OPEN)}
          </details>
        `}
      </div>
      <div class="beside">
        ${now && html`<${now} ...${{ names, runs, promoted, details }} />`}
        ${lately && hasChanges && html`<${lately} names=${names} newest=${details} />`}
      </div>
    </div>
  `;
}

function NamesTree({ label, names, details, promoted, running, isOpen }: {
  label: string;
  names: readonly string[];
  details: ReadonlyMap<string, FoundVersion>;
  promoted: ReadonlyMap<string, Promoted>;
  running: ReadonlyMap<string, number>;
  isOpen: boolean;
}) {
  const tree = useMemo(() => nameTree(names), [names]);
  return html`
    <${Tree} key=${isOpen} label=${label} nodes=${tree} rowHeight=${30}
      allOpen=${isOpen}
      opened=${before.opened} current=${before.key}
      onToggle=${(opened: ReadonlySet<string>) => before.opened = opened}
      onOpen=${({ value, key }: TreeNode<NameNode>) => {
        before.key = key;
        openPlace(hrefOf(["artifacts", value.name]));
      }}
      row=${(node: TreeNode<NameNode>) =>
        html`
          <${NameRow} node=${node} details=${details} promoted=${promoted}
            running=${running.get(node.value.name)} />
        `} />
  `;
}

function NameRow({ node: { value }, details, promoted, running }: {
  node: TreeNode<NameNode>;
  details: ReadonlyMap<string, FoundVersion>;
  promoted: ReadonlyMap<string, Promoted>;
  /** Number of running runs. */
  running?: number;
}) {
  const { name, label, count } = value;
  const newest = count === 0 ? details.get(name) : undefined;
  return html`
    <span class="tree-label grow" title=${name}>${label}</span>
    ${count > 0 && html`<span class="count">${formatNumber(count)}</span>`}
    ${running !== undefined &&
      html`<span class="tag tag-alias">${running === 1 ? "" : `${running} `}running</span>`}
    ${newest && html`<${NameCells} found=${newest} promoted=${promoted.get(name)} />`}
  `;
}

function runningOf(runs: readonly LoggedRun[] = []): ReadonlyMap<string, number> {
  const byName = Map.groupBy(runs.filter(({ state }) => state === "running"), ({ name }) => name);
  return new Map([...byName].map(([name, own]) => [name, own.length]));
}

/** Reads the aliases of all names, and the metric of the best version that has one. */
function usePromoted(isWanted: boolean): ReadonlyMap<string, Promoted> {
  const { service } = useSession();
  const { value } = useLoaded(async (signal) => {
    if (!isWanted) return;
    const query = { q: ANY_ALIAS, limit: MOST_FOUND };
    const [{ promotedOf }, { items }] = await Promise.all([
      import("./promoted.ts"),
      service.json<{ items: readonly FoundVersion[] }>("search", { query, signal }),
    ]);
    return promotedOf(items);
  }, [isWanted]);
  return value ?? NONE_PROMOTED;
}

/** A search for versions with an alias: every alias is after this in the alphabet. */
const ANY_ALIAS = "alias>-";
const NONE_PROMOTED: ReadonlyMap<string, Promoted> = new Map();
