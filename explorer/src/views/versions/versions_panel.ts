// The versions of a name as a table: filtered, sorted, compared, and charts of their numbers.
import { useSession } from "../../api/context.ts";
import { type NameSummary, readVersions } from "../../api/names.ts";
import { queryOf } from "../../api/search.ts";
import { Choice } from "../../components/choice.ts";
import { onValue } from "../../components/field.ts";
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatNumber,
  formatTime,
  numberText,
} from "../../components/format.ts";
import { ErrorNotice } from "../../components/notices.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { useEffect, useMemo, useState } from "../../framework/preact.ts";
import { hrefOf, joinValues, type Place, splitValues, usePlace } from "../../framework/router.ts";
import { useLate } from "../../framework/use_interval.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { useQuery } from "../../previews/parts.ts";
import { ColumnChoice, toggled } from "./column_choice.ts";
import {
  chooseExperiments,
  columnsOf,
  type Experiment,
  type ExperimentColumn,
  experimentsOf,
  fieldsOf,
  keysLeftOut,
  numberAt,
  textNumbersOf,
  usualKeys,
} from "./experiments.ts";
import { groupsOf } from "./groups.ts";
import { chartsOf, MetricCharts } from "./metric_charts.ts";

/** More versions are not read. */
const MOST = 10_000;
/** Milliseconds between renders while versions arrive. */
const RENDER_MS = 300;

export function VersionsPanel({ summary }: { summary: NameSummary }) {
  const [filter, setFilter] = useQuery("filter");
  const [sort, setSort] = useQuery("sort");
  const [shown, setShown] = useQuery("columns");
  const [group, setGroup] = useQuery("group");
  const { query } = usePlace();
  const { pinned = "", better = "" } = query;
  const fields = fieldsFor(summary, query);
  const { versions, error, isComplete } = useVersions(summary, fields);
  const experiments = useMemo(() => experimentsOf(versions, summary.aliases), [versions, summary]);
  const columns = useMemo(() => columnsOf(experiments, splitValues(better)), [
    experiments,
    better,
  ]);
  const usual = useMemo(() => usualKeys(columns, experiments), [columns, experiments]);
  const keys = shown === "" ? usual : splitValues(shown);
  const sorted = useMemo(() => chooseExperiments(experiments, { filter: "", sort }), [
    experiments,
    sort,
  ]);
  const chosen = useMemo(() => {
    try {
      const hints = textNumbersOf(sorted, { filter, sort });
      return { rows: chooseExperiments(sorted, { filter, sort: "" }), hints };
    } catch (error) {
      return { rows: sorted, error };
    }
  }, [sorted, filter]);
  const lateRows = useLate(chosen.rows);
  const leftOut = useMemo(() => keysLeftOut(experiments, columns), [experiments, columns]);
  const known = summary.next === undefined || fields.includes("metadata")
    ? columns
    : columns.filter(({ key }) => !key.startsWith("metadata.") || fields.includes(key));
  const parameters = useLoaded(async () => (await import("./parameters.ts")).Parameters, []);
  const of = formatCount(versions.length, "version");
  const count = `${formatNumber(chosen.rows.length)} of ${of}${unknownText(filter, columns)}`;
  const isAlone = versions.length === 1;
  const pins = splitValues(pinned).filter((key) => keys.includes(key));
  const inOrder = [...new Set([...keys.slice(0, 1), ...pins, ...keys])].flatMap((key) =>
    columns.find((each) => each.key === key) ?? []
  );
  const members = columns.filter(({ key }) => key.includes("."));
  const isGroups = members.some(({ key }) => key === group);
  const groups = isGroups ? groupsOf(chosen.rows, inOrder, group) : undefined;
  return html`
    ${!isAlone && html`
      <div class="fields">
        <label class="grow">Filter versions
          <input type="search" value=${filter} onInput=${onValue(
            setFilter,
          )} placeholder="accuracy>0.9 adam"
            spellcheck=${false} autocomplete="off" /></label>
        <${ColumnChoice} columns=${columns} keys=${keys} change=${(keys: readonly string[]) =>
          setShown(keys.join() === usual.join() ? "" : joinValues(keys))} />
        <${Choice} label="Group by" value=${group} change=${setGroup}
          options=${[["", "nothing"], ...members.map(({ key, title }) => [key, title])]} />
        <span class="phone"><${Choice} label="Sort by" value=${sort} change=${setSort}
          options=${sortOptions(groups?.columns ?? columns)} /></span>
        <span class="muted" role="status">${count}${isComplete ? "" : " so far…"}</span>
      </div>
    `}
    ${error !== undefined && html`<${ErrorNotice} error=${error} />`}
    ${chosen.error !== undefined && html`<${ErrorNotice} error=${chosen.error} />`}
    ${chosen.hints?.map((hint) => html`<p class="muted">${hint}; it is compared as a number.</p>`)}
    <${Experiments} name=${summary.name} rows=${groups
      ? chooseExperiments(groups.rows, { filter: "", sort })
      : chosen.rows} all=${versions}
      columns=${groups?.columns ?? inOrder} isGroups=${isGroups}
      pins=${1 + pins.filter((key) => key !== keys[0]).length}
      sort=${sort} setSort=${setSort} />
    ${leftOut > 0 && html`
      <p class="muted">${formatCount(leftOut, "more key")} left out. Filters find them, too.</p>
    `}
    ${versions.length >= MOST &&
      html`<p class="muted">Only the newest ${formatNumber(MOST)} versions are shown.</p>`}
    <${MetricCharts} name=${summary.name} rows=${lateRows} columns=${columns} />
    ${!isAlone && parameters.value && html`
      <${parameters.value} all=${experiments} rows=${lateRows} columns=${columns}
        unread=${{ keys: columns.length - known.length, newest: summary.versions.length }} />
    `}
  `;
}

/** Names a key of the filter that no version has. */
function unknownText(filter: string, columns: readonly { key: string }[]): string {
  const unknown = queryOf(filter).match(/(?<=^|\s)(metadata|labels)\.[^\s=!<>]+/g)
    ?.find((key) => columns.every((column) => column.key !== key));
  return unknown === undefined ? "" : `, none has ${unknown}`;
}

/** Returns the fields of versions that an address needs. */
function fieldsFor({ versions, aliases }: NameSummary, query: Place["query"]): readonly string[] {
  const { filter = "", columns: shown = "", charts = "", sort = "" } = query;
  const rows = experimentsOf(versions, aliases);
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

/** Reads the versions that the first page lacks. They are shown while they arrive. */
function useVersions(summary: NameSummary, metadata: readonly string[]) {
  const { versions: first, next } = summary;
  const { service } = useSession();
  const fields = metadata.join();
  // It has the fields of its rows when it is complete.
  const [read, setRead] = useState<{ versions: typeof first; fields?: string }>({
    versions: first,
  });
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    // A page that is read again replaces its own rows, and the older ones stay.
    const last = first.at(-1)?.version;
    const at = next === undefined ? -1 : read.versions.findIndex(({ version }) => version === last);
    const versions = at < 0 ? first : [...first, ...read.versions.slice(at + 1)].slice(0, MOST);
    const isKnown = at >= 0 && read.fields === fields;
    setRead({ versions, ...isKnown && { fields } });
    if (isKnown || next === undefined) return;
    const controller = new AbortController();
    const { signal } = controller;
    let rendered = Date.now();
    const onItems = (items: typeof first) => {
      if (Date.now() - rendered < RENDER_MS || items.length <= first.length) return;
      rendered = Date.now();
      setRead((before) => ({
        versions: [...items, ...before.versions.slice(items.length)],
      }));
    };
    readVersions(service, summary, { metadata, limit: MOST, signal, onItems }).then(
      (versions) => setRead({ versions, fields }),
      (error) => signal.aborted || setError(error),
    );
    return () => controller.abort();
  }, [first, fields]);
  const isComplete = next === undefined || read.fields === fields;
  return { versions: read.versions, isComplete, error };
}

function Experiments({ name, rows, all, columns, isGroups, pins, sort, setSort }: {
  name: string;
  rows: readonly Experiment[];
  all: readonly { version: string }[];
  columns: readonly ExperimentColumn[];
  /** Rows are not versions. */
  isGroups: boolean;
  /** The first columns that stay in view. */
  pins: number;
  sort: string;
  setSort: (sort: string) => void;
}) {
  const [ticked, setTicked] = useQuery("ticked");
  const chosen = new Set(splitValues(ticked));
  const choose = (version: string) => setTicked(joinValues(toggled([...chosen], version)));
  const isAlone = all.length === 1;
  const refs = all.filter(({ version }) => chosen.has(version)).reverse().map(({ version }) =>
    `${name}@${version}`
  );
  const compared: Column<Experiment> = {
    title: "Compare",
    isUntitled: true,
    class: "pick",
    cell: ({ version }) =>
      html`
        <input type="checkbox" checked=${chosen.has(version)}
          aria-label=${`Compare ${version}`} onChange=${() => choose(version)} />
      `,
  };
  const shown = columns.map((column, i): Column<Experiment> => {
    const { key, title, isNumber, best, better } = column;
    const way = sort === key ? "ascending" : sort === `-${key}` ? "descending" : undefined;
    return {
      title,
      class: ({ values }) =>
        `${isNumber ? "number" : "fit"}${
          best !== undefined && numberAt({ values }, key) === best ? " best" : ""
        }`,
      heading: isNumber ? "number" : undefined,
      isPinned: i < pins,
      cell: (row) => shownValue(row, column),
      ...way && { order: way },
      ...!isAlone && {
        // Numbers begin with the largest, or the best.
        sort: () => setSort(nextOrder(sort, key, isNumber && better !== "low")),
      },
    };
  });
  return html`
    ${!isAlone && !isGroups && html`
      <div class="row spread">
        <p class="muted">Choose versions to compare them.</p>
        ${refs.length > 1
          ? html`<a class="button button-main" href=${
            hrefOf(["compare"], { refs: joinValues(refs) })
          }>Compare ${refs.length} versions</a>`
          : html`<button type="button" class="button" disabled>Compare</button>`}
      </div>
    `}
    <${Table} label="Versions" rows=${rows} columns=${isAlone || isGroups
      ? shown
      : [compared, ...shown]}
      class="experiments" keyOf=${({ version }: Experiment) => version} />
  `;
}

function nextOrder(sort: string, key: string, isLargest: boolean): string {
  const [up, down] = [key, `-${key}`];
  const [first, second] = isLargest ? [down, up] as const : [up, down] as const;
  return sort === first ? second : sort === second ? "" : first;
}

function shownValue(row: Experiment, { key, best }: ExperimentColumn) {
  const { name, version, values, problem } = row;
  const value = values.get(key);
  if (key === "version") {
    return html`
      <a class="mono" href=${hrefOf(["artifacts", name, version])}>${version}</a>
      ${problem && html`<span class="tag tag-bad">${problem}</span>`}
    `;
  }
  if (key === "aliases") {
    return row.found.aliases.map((alias) => html`<span class="tag tag-alias">${alias}</span>`);
  }
  if (key === "saved") {
    const iso = row.found.createdAt;
    return html`<span title=${formatTime(iso)}>${formatAgo(iso)}</span>`;
  }
  if (key === "size" && typeof value === "number") return formatBytes(value);
  if (best !== undefined && numberAt(row, key) === best) {
    return html`<span title="The best of all versions">${valueText(value)} ★</span>`;
  }
  return valueText(value);
}

const SHOWN = 60;

/** Writes a value of metadata on one line. */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") return numberText(value);
  const text = String(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
