// The table of versions and runs, whose rows are chosen to be compared.
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatTime,
  numberText,
} from "../../format/format.ts";
import { CopyTable } from "../../components/copy_box.ts";
import { type Column, Table } from "../../components/table.ts";
import type { LineLook } from "../../components/charts/chart_scales.ts";
import { lineFocus } from "../../components/charts/line_focus.ts";
import type { DrawnRow } from "../../extension.ts";
import { html } from "../../framework/html.ts";
import { useEffect, useMemo, useState } from "../../framework/preact.ts";
import { hrefOf, joinValues, splitValues } from "../../framework/router.ts";
import { useQuery } from "../../framework/use_query.ts";
import { toggled } from "./column_choice.ts";
import { type ExperimentColumn, isBest } from "./columns.ts";
import { type Experiment, isFailed, shortRunName } from "./experiments.ts";
import { RunLink } from "./metadata.ts";
import { StateTag } from "../../components/state_tag.ts";

export function ExperimentsTable({ rows, isAlone, columns, drawn, isGroups, pins, sort, setSort }: {
  rows: readonly Experiment[];
  /** There is nothing to compare the only row with. */
  isAlone: boolean;
  columns: readonly ExperimentColumn[];
  /** Rows whose curves are drawn. */
  drawn: readonly DrawnRow[];
  /** Rows are not versions. */
  isGroups: boolean;
  /** The first columns that stay in view. */
  pins: number;
  sort: string;
  setSort: (sort: string) => void;
}) {
  const [ticked, setTicked] = useQuery("ticked");
  const chosen = new Set(splitValues(ticked));
  const [focused, setFocused] = useState(lineFocus.label);
  useEffect(() => lineFocus.follow(setFocused), []);
  const byRow = useMemo(() => new Map(drawn.map((each) => [keyOf(each), each])), [drawn]);
  const choose = (version: string) => setTicked(joinValues(toggled([...chosen], version)));
  const compared: Column<Experiment> = {
    title: "Compare",
    isUntitled: true,
    class: "pick",
    cell: ({ version, run }) =>
      html`
        <input type="checkbox" checked=${chosen.has(version)}
          aria-label=${`Compare ${run ? `run ${run.id}` : version}`}
          onChange=${() => choose(version)} />
      `,
  };
  const shown = columns.map((column, i): Column<Experiment> => {
    const { key, title, short = title, group, isNumber, better } = column;
    const begins = group !== undefined && group !== columns[i - 1]?.group ? " begins" : "";
    const way = sort === key ? "ascending" : sort === `-${key}` ? "descending" : undefined;
    return {
      title: short,
      label: title,
      group,
      class: (row) =>
        `${isNumber ? "number" : "fit"}${begins}${isBest(row, column) ? " best" : ""}${
          isFailed(row) ? " muted" : ""
        }`,
      heading: `${isNumber ? "number" : ""}${begins}`,
      isPinned: i < pins,
      cell: (row) => shownValue(row, column, byRow.get(row.version)?.look),
      value: ({ values }) => exactValue(values.get(key), key),
      ...way && { order: way },
      ...!isAlone && {
        // Numbers begin with the largest, or the best.
        sort: () => setSort(nextOrder(sort, key, isNumber && better !== "low")),
      },
    };
  });
  return html`
    <${Table} label="Versions" rows=${rows} columns=${isAlone || isGroups
      ? shown
      : [compared, ...shown]}
      class="experiments brief" keyOf=${({ version }: Experiment) => version}
      focused=${drawn.filter(({ label }) => label === focused).map(keyOf)[0]}
      onFocus=${(key?: string) =>
        lineFocus.set(key === undefined ? undefined : byRow.get(key)?.label)} />
    ${!isAlone && html`<${CopyTable} rows=${rows} columns=${shown} />`}
  `;
}

/** Leads to the comparison of the checked versions, and to the curves of the checked runs. */
export function CompareButton({ name, all }: { name: string; all: readonly Experiment[] }) {
  const [ticked] = useQuery("ticked");
  const chosen = new Set(splitValues(ticked));
  const rows = all.filter(({ version }) => chosen.has(version)).reverse();
  const ids = rows.flatMap(({ run }) => run?.id ?? []);
  const refs = rows.flatMap(({ run, version }) => run ? [] : `${name}@${version}`);
  const links = [
    [hrefOf(["compare"], { refs: joinValues(refs) }), refs.length, "version"],
    [hrefOf(["logged", name], { ids: joinValues(ids) }), ids.length, "run"],
  ] as const;
  const shown = links.filter(([, count]) => count > 1);
  return shown.length > 0
    ? shown.map(([href, count, what]) =>
      html`<a class="button button-main" href=${href}>Compare ${formatCount(count, what)}</a>`
    )
    : html`
      <button type="button" class="button" disabled
        title="Check two versions or two runs, or more, to compare them">Compare</button>
    `;
}

function nextOrder(sort: string, key: string, isLargest: boolean): string {
  const [up, down] = [key, `-${key}`];
  const [first, second] = isLargest ? [down, up] as const : [up, down] as const;
  return sort === first ? second : sort === second ? "" : first;
}

function keyOf({ version, run }: DrawnRow): string {
  return version ?? `run:${run}`;
}

function shownValue(row: Experiment, column: ExperimentColumn, look?: LineLook) {
  const { key } = column;
  const { name, version, run, values, problem } = row;
  const value = values.get(key);
  const href = hrefOf(run ? ["logged", name, run.id] : ["artifacts", name, version]);
  if (key === "run" && value !== undefined) {
    return html`
      <span class="dot" style=${look && {
        borderColor: `var(${look.color})`,
        background: look.isDashed ? "none" : `var(${look.color})`,
      }}></span>
      <a href=${href} title=${value}>${shortRunName(row)}</a>
    `;
  }
  if (key === "version" && !run) {
    return html`
      <a class="mono" href=${href}>${version}</a>
      ${problem && html`<span class="tag tag-bad">${problem}</span>`}
    `;
  }
  if (key === "aliases") {
    return row.found.aliases.map((alias) => html`<span class="tag tag-alias">${alias}</span>`);
  }
  if (key === "state") return value !== undefined && html`<${StateTag} state=${value} />`;
  if (key === "saved") {
    const iso = row.found.createdAt;
    return html`<span title=${formatTime(iso)}>${formatAgo(iso)}</span>`;
  }
  if (key === "metadata.run") {
    return html`<${RunLink} values=${values}>${valueText(value)}<//>`;
  }
  if (key === "size" && typeof value === "number") return formatBytes(value);
  if (isBest(row, column)) {
    return html`<span title="The best of all versions">${valueText(value)} ★</span>`;
  }
  return valueText(value);
}

/** Returns a value as copies have it: times in ISO 8601. */
function exactValue(value: unknown, key: string): unknown {
  return key === "saved" && typeof value === "number" ? new Date(value) : value;
}

const SHOWN = 60;

/** Writes a value of metadata on one line. */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") return numberText(value);
  const text = String(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
