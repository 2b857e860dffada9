// The versions and runs of a name as a table: filtered, sorted, compared, and charts of numbers.
import { useSession, useShownLabels } from "../../api/context.ts";
import type { LoggedRun } from "../../api/logged_runs.ts";
import { type NameSummary, readVersions } from "../../api/names.ts";
import type { Beginning } from "../../api/service.ts";
import { MEMBER } from "../../../../core/text/better.ts";
import { Choice } from "../../components/choice.ts";
import { ExtensionParts } from "../../components/extension_parts.ts";
import { onValue } from "../../components/field.ts";
import { formatCount, formatNumber } from "../../format/format.ts";
import { Empty, ErrorNotice } from "../../components/notices.ts";
import { SeveralNames, UnknownName } from "../../components/unknown_name.ts";
import { html } from "../../framework/html.ts";
import { useEffect, useMemo, useRef, useState } from "../../framework/preact.ts";
import { joinValues, type Place, splitValues, usePlace } from "../../framework/router.ts";
import { useLate } from "../../framework/use_interval.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { useWasNear } from "../../framework/use_near.ts";
import { useQuery } from "../../framework/use_query.ts";
import type { BesideProps } from "../../extension.ts";
import { ColumnChoice } from "./column_choice.ts";
import { columnsOf, type ExperimentColumn, fieldsOf, keysLeftOut, usualKeys } from "./columns.ts";
import { bareOf, keysIn, meantBy, namedFilter, unknownFields, withField } from "./conditions.ts";
import {
  chooseExperiments,
  type Experiment,
  experimentsOf,
  experimentsOfRuns,
  textNumbersOf,
  withRuns,
} from "./experiments.ts";
import { CompareButton, ExperimentsTable } from "./experiments_table.ts";
import { useDrawnRows } from "./drawn_rows.ts";
import { groupsOf } from "./groups.ts";
import { chartsOf, MetricCharts } from "./metric_charts.ts";

/** More versions are not read. */
const MOST = 10_000;
/** Versions that are read with all their metadata, so that all keys are ranked over the same ones. */
const MOST_WHOLE = 2_000;
/** While versions arrive, the page is rendered whenever there are so many times more: that takes long for many. */
const GROWTH = 3;

const NO_RUNS: Beginning<LoggedRun> = { items: [], isCut: false };

export function VersionsPanel({ summary, runs: { items: runs, isCut: isRunsCut } = NO_RUNS }: {
  summary: NameSummary;
  /** Those that are not finished. */
  runs?: Beginning<LoggedRun>;
}) {
  const [typed, setFilter] = useQuery("filter");
  const [sort, setSort] = useQuery("sort");
  const [group] = useQuery("group");
  const { query } = usePlace();
  const shown = useShownLabels();
  const fields = fieldsFor(summary, query, shown);
  const { versions, error, isComplete, isCut } = useVersions(summary, fields);
  const { better = "" } = query;
  const ofVersions = useMemo(() => experimentsOf(versions, summary.aliases, shown), [
    versions,
    summary,
  ]);
  const experiments = useMemo(() => withRuns(ofVersions, experimentsOfRuns(runs)), [
    ofVersions,
    JSON.stringify(runs), // they are read again every few seconds
  ]);
  const columns = useMemo(() => columnsOf(experiments, splitValues(better)), [
    experiments,
    better,
  ]);
  const filter = useMemo(() => namedFilter(typed, columns), [typed, columns]);
  const sorted = useMemo(() => chooseExperiments(experiments, { filter: "", sort }), [
    experiments,
    sort,
  ]);
  const chosen = useMemo(() => filtered(sorted, { filter, sort }), [sorted, filter]);
  const saved = useMemo(() => chosen.rows.filter(({ run }) => run === undefined), [chosen.rows]);
  const late = useLate(useMemo(() => ({ all: ofVersions, rows: saved, columns }), [
    ofVersions,
    saved,
    columns,
  ]));
  const { keys, setKeys, pins, inOrder } = useShownColumns({ columns, experiments, filter });
  const leftOut = useMemo(() => keysLeftOut(experiments, columns), [experiments, columns]);
  const unread = versions.length <= MOST_WHOLE ? 0 : columnsNotRead(columns, fields).length;
  const parameters = useLoaded(async () => (await import("./parameters.ts")).Parameters, []);
  const members = columns.filter(({ key }) => key.includes("."));
  const isGroups = members.some(({ key }) => key === group);
  const table = isGroups
    ? groupedTable(saved, inOrder, { group, sort })
    : { rows: chosen.rows, columns: inOrder };
  const drawn = useDrawnRows(table.rows, experiments);
  const isAlone = experiments.length === 1;
  return html`
    ${!isAlone && html`
      <${Controls} columns=${columns} keys=${keys} setKeys=${setKeys} members=${members}
        sortable=${isGroups ? table.columns : columns}>
        <span class="muted" role="status">${formatNumber(chosen.rows.length)} of ${formatCount(
          experiments.length,
          runs.length === 0 ? "version" : "row",
        )}${isComplete ? "" : " so far…"}</span>
        <${StateChips} rows=${experiments} filter=${typed} setFilter=${setFilter} />
        ${!isGroups && html`<${CompareButton} name=${summary.name} all=${experiments} />`}
      <//>
    `}
    ${[error, chosen.error].map((each, i) =>
      each !== undefined && html`<${ErrorNotice} key=${i} error=${each} />`
    )}
    ${isComplete && html`<${UnknownKeys} ...${{ typed, setFilter, experiments, columns }} />`}
    ${chosen.hints?.map((hint) => html`<p class="muted">${hint}; it is compared as a number.</p>`)}
    <div class="with-curves">
      <div class="stack">
        <${ExperimentsTable} rows=${table.rows} isAlone=${isAlone} columns=${table.columns}
          isGroups=${isGroups} pins=${1 + pins.filter((key) => key !== keys[0]).length}
          drawn=${drawn} sort=${sort} setSort=${setSort} />
      </div>
      ${drawn.length > 0 && html`<${CurvesBeside} name=${summary.name} rows=${drawn} />`}
    </div>
    ${isComplete && typed !== "" && table.rows.length === 0 && html`
      <${Empty} title="No version meets the filter">
        <p><button type="button" class="button" onClick=${() =>
          setFilter("")}>Show all versions</button></p>
        <//>
    `}
    ${leftOut > 0 && html`
      <p class="muted">${formatCount(leftOut, "more key")} left out. Filters find them, too.</p>
    `}
    ${isCut &&
      html`<p class="muted">Only the newest ${formatNumber(MOST)} versions are shown.</p>`}
    ${isRunsCut && html`
      <p class="muted">Only ${formatCount(runs.length, "run")} that are not finished are shown.</p>
    `}
    <${MetricCharts} name=${summary.name} rows=${late.rows} columns=${late.columns} />
    ${!isAlone && parameters.value && html`
      <${parameters.value} ...${late}
        unread=${{ keys: unread, newest: MOST_WHOLE }} />
    `}
  `;
}

/** The curves of rows, which are read once they are near the part of the page that is in view. */
function CurvesBeside(props: BesideProps) {
  const box = useRef<HTMLDivElement>(null);
  const isSeen = useWasNear(box, true);
  return html`
    <div class="curves-beside" ref=${box}>${isSeen &&
      html`<${ExtensionParts} at="loadBeside" ...${props} />`}</div>
  `;
}

/** How many runs failed, as buttons that show them alone. */
function StateChips({ rows, filter, setFilter }: {
  rows: readonly Experiment[];
  filter: string;
  setFilter: (filter: string) => void;
}) {
  return ["failed", "killed"].map((state) => {
    const count = rows.filter(({ values }) => values.get("state") === state).length;
    const alone = `state=${state}`;
    return count > 0 && html`
      <button type="button" class="button button-small" aria-pressed=${filter ===
        alone} key=${state}
        onClick=${() => setFilter(filter === alone ? "" : alone)}>${formatNumber(
          count,
        )} ${state}</button>
    `;
  });
}

/** Fields that select, order and group the rows. The address has their values. */
function Controls({ columns, keys, setKeys, members, sortable, children }: {
  columns: readonly ExperimentColumn[];
  keys: readonly string[];
  setKeys: (keys: readonly string[]) => void;
  members: readonly ExperimentColumn[];
  sortable: readonly ExperimentColumn[];
  children: unknown;
}) {
  const [typed, setFilter] = useQuery("filter");
  const [sort, setSort] = useQuery("sort");
  const [group, setGroup] = useQuery("group");
  return html`
    <div class="fields">
      <label class="grow">Filter versions
        <input type="search" value=${typed} onInput=${onValue(setFilter)}
          placeholder="accuracy>0.9 adam" spellcheck=${false} autocomplete="off" /></label>
      <${ColumnChoice} columns=${columns} keys=${keys} change=${setKeys} />
      <${Choice} label="Group by" value=${group} change=${setGroup}
        options=${[["", "nothing"], ...members.map(({ key, title }) => [key, title])]} />
      <span class="phone"><${Choice} label="Sort by" value=${sort} change=${setSort}
        options=${sortOptions(sortable)} /></span>
      ${children}
    </div>
  `;
}

/** Returns the columns that the address shows and pins, the usual ones if it names none. */
function useShownColumns({ columns, experiments, filter }: {
  columns: readonly ExperimentColumn[];
  experiments: readonly Experiment[];
  filter: string;
}) {
  const [shown, setShown] = useQuery("columns");
  const [pinned] = useQuery("pinned");
  const usual = useMemo(() => usualKeys(columns, experiments), [columns, experiments]);
  const keys = withKeys(shown === "" ? usual : splitValues(shown), keysIn(filter, columns));
  const pins = splitValues(pinned).filter((key) => keys.includes(key));
  const inOrder = [...new Set([...keys.slice(0, 1), ...pins, ...keys])].flatMap((key) =>
    columns.find((each) => each.key === key) ?? []
  );
  const setKeys = (keys: readonly string[]) =>
    setShown(keys.join() === usual.join() ? "" : joinValues(keys));
  return { keys, setKeys, pins, inOrder };
}

/** Returns columns of metadata that only the newest versions were read with. */
function columnsNotRead(columns: readonly ExperimentColumn[], fields: readonly string[]) {
  if (fields.includes("metadata")) return [];
  const isRead = (key: string) =>
    fields.some((field) => key === field || key.startsWith(`${field}.`));
  return columns.filter(({ key }) => key.startsWith("metadata.") && !isRead(key));
}

/** Returns a row for each value of a column, in order. */
function groupedTable(
  rows: readonly Experiment[],
  columns: readonly ExperimentColumn[],
  { group, sort }: { group: string; sort: string },
) {
  const groups = groupsOf(rows, columns, group);
  return { rows: chooseExperiments(groups.rows, { filter: "", sort }), columns: groups.columns };
}

/** Returns the rows that a filter selects, with hints on numbers in text; all for a wrong one. */
function filtered(
  sorted: readonly Experiment[],
  { filter, sort }: { filter: string; sort: string },
): { rows: readonly Experiment[]; hints?: readonly string[]; error?: unknown } {
  try {
    const hints = textNumbersOf(sorted, { filter, sort });
    return { rows: chooseExperiments(sorted, { filter, sort: "" }), hints };
  } catch (error) {
    return { rows: sorted, error };
  }
}

/** Returns keys with others after the version and its aliases, if they are not shown yet. */
function withKeys(keys: readonly string[], others: readonly string[]): readonly string[] {
  const missing = others.filter((key) => !keys.includes(key));
  const at = keys.findLastIndex((key) => key === "version" || key === "aliases") + 1;
  return missing.length === 0 ? keys : keys.toSpliced(at, 0, ...missing);
}

/** Names keys of the filter and of the address that no version has. */
function UnknownKeys({ typed, setFilter, experiments, columns }: {
  typed: string;
  setFilter: (filter: string) => void;
  experiments: readonly Experiment[];
  columns: readonly ExperimentColumn[];
}) {
  const { query } = usePlace();
  const isKnown = (key: string) =>
    columns.some((column) => column.key === key) ||
    experiments.some(({ values }) => values.has(key));
  const members = columns.filter(({ key }) => MEMBER.test(key));
  const titles = members.map(({ title }) => title);
  const ofFilter = unknownFields(namedFilter(typed, columns), isKnown);
  const ofAddress = keysOf(query).filter((key) => !isKnown(key));
  return html`
    ${ofFilter.map((field) => {
      const bare = bareOf(field);
      const use = (title: string) => {
        const column = members.find((each) => each.title === title);
        if (column !== undefined) setFilter(withField(typed, field, column));
      };
      const meant = meantBy(field, columns).map(({ title }) => title);
      if (meant.length > 1) {
        return html`<${SeveralNames} key=${field} typed=${bare} names=${meant} use=${use} />`;
      }
      return html`
        <${UnknownName} key=${field} typed=${bare} names=${titles} what="Keys" use=${use}>
          No version has the key <code>${bare}</code>.<//>
      `;
    })}
    ${ofAddress.map((key) =>
      html`
        <${UnknownName} key=${key} typed=${key.replace(MEMBER, "")} names=${titles} what="Keys">
          This address names <code>${key}</code>: no version has this key.<//>
      `
    )}
  `;
}

/** Returns the keys in an address. */
function keysOf(query: Place["query"]): string[] {
  const lists = ["columns", "charts", "pinned", "parallel"].flatMap((at) => splitValues(query[at]));
  const single = ["x", "metric", "color", "group"].map((at) => query[at] ?? "");
  const keys = new Set([...lists, ...single, (query.sort ?? "").replace(/^-/, "")]);
  return [...keys].filter((key) => key !== "" && !/, \w+$/.test(key));
}

/** Returns the fields of versions that an address needs. */
function fieldsFor(
  { versions, aliases }: NameSummary,
  query: Place["query"],
  shownLabels: ReadonlySet<string>,
): readonly string[] {
  const { filter = "", columns: shown = "", charts = "", sort = "" } = query;
  const rows = experimentsOf(versions, aliases, shownLabels);
  const columns = columnsOf(rows);
  const keys = [
    ...shown === "" ? usualKeys(columns, rows) : splitValues(shown),
    ...charts === "" ? chartsOf(columns).usual : splitValues(charts),
    sort.replace(/^-/, ""),
    ...["x", "metric", "color", "group"].map((key) => query[key] ?? ""),
    ...splitValues(query.parallel),
  ];
  return fieldsOf(columns, { keys, isAll: filter.trim() !== "" || query.keys === "all" });
}

function sortOptions(columns: readonly ExperimentColumn[]) {
  const ways = columns.flatMap(({ key, title }) => [
    [key, `${title} ↑`] as const,
    [`-${key}`, `${title} ↓`] as const,
  ]);
  return [["", "Newest first"] as const, ...ways];
}

interface ReadVersions {
  readonly versions: NameSummary["versions"];
  /** Older versions are left out. */
  readonly isCut?: boolean;
  readonly fields?: string;
}

/** Reads the versions that the first page lacks. They are shown while they arrive. */
function useVersions(summary: NameSummary, metadata: readonly string[]) {
  const { versions: first, next } = summary;
  const { service } = useSession();
  const fields = metadata.join();
  // It has the fields of its rows when it is complete.
  const [read, setRead] = useState<ReadVersions>({ versions: first });
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    // A page that is read again replaces its own rows, and the older ones stay.
    const last = first.at(-1)?.version;
    const at = next === undefined ? -1 : read.versions.findIndex(({ version }) => version === last);
    const all = at < 0 ? first : [...first, ...read.versions.slice(at + 1)];
    const isKnown = at >= 0 && read.fields === fields;
    const isCut = all.length > MOST || at >= 0 && read.isCut === true;
    setRead({ versions: all.slice(0, MOST), isCut, ...isKnown && { fields } });
    if (isKnown || next === undefined) return;
    const controller = new AbortController();
    const { signal } = controller;
    let rendered = first.length;
    const onItems = (items: typeof first) => {
      if (items.length < GROWTH * rendered) return;
      rendered = items.length;
      setRead((before) => ({
        ...before,
        versions: [...items, ...before.versions.slice(items.length)],
      }));
    };
    readVersions(service, summary, { metadata, whole: MOST_WHOLE, limit: MOST, signal, onItems })
      .then(
        ({ items, isCut }) => setRead({ versions: items, isCut, fields }),
        (error) => signal.aborted || setError(error),
      );
    return () => controller.abort();
  }, [first, fields]);
  const isComplete = next === undefined || read.fields === fields;
  return { ...read, isComplete, error };
}
