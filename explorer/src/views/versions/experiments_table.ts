// The table of versions, whose rows are chosen to be compared.
import { formatAgo, formatBytes, formatTime, numberText } from "../../format/format.ts";
import { CopyTable } from "../../components/copy_box.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { hrefOf, joinValues, splitValues } from "../../framework/router.ts";
import { useQuery } from "../../framework/use_query.ts";
import { toggled } from "./column_choice.ts";
import { type ExperimentColumn, isBest } from "./columns.ts";
import type { Experiment } from "./experiments.ts";
import { RunLink } from "./metadata.ts";
import { StateTag } from "../../components/state_tag.ts";

export function ExperimentsTable({ rows, all, columns, isGroups, pins, sort, setSort }: {
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
    const { key, title, short = title, group, isNumber, better } = column;
    const begins = group !== undefined && group !== columns[i - 1]?.group ? " begins" : "";
    const way = sort === key ? "ascending" : sort === `-${key}` ? "descending" : undefined;
    return {
      title: short,
      label: title,
      group,
      class: (row) =>
        `${isNumber ? "number" : "fit"}${begins}${isBest(row, column) ? " best" : ""}`,
      heading: `${isNumber ? "number" : ""}${begins}`,
      isPinned: i < pins,
      cell: (row) => shownValue(row, column),
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
      class="experiments brief" keyOf=${({ version }: Experiment) => version} />
    ${!isAlone && html`<${CopyTable} rows=${rows} columns=${shown} />`}
  `;
}

/** Leads to the comparison of the checked versions. */
export function CompareButton({ name, all }: {
  name: string;
  all: readonly { version: string }[];
}) {
  const [ticked] = useQuery("ticked");
  const chosen = new Set(splitValues(ticked));
  const refs = all.filter(({ version }) => chosen.has(version)).reverse().map(({ version }) =>
    `${name}@${version}`
  );
  return refs.length > 1
    ? html`<a class="button button-main" href=${
      hrefOf(["compare"], { refs: joinValues(refs) })
    }>Compare ${refs.length} versions</a>`
    : html`
      <button type="button" class="button" disabled
        title="Check two versions or more to compare them">Compare</button>
    `;
}

function nextOrder(sort: string, key: string, isLargest: boolean): string {
  const [up, down] = [key, `-${key}`];
  const [first, second] = isLargest ? [down, up] as const : [up, down] as const;
  return sort === first ? second : sort === second ? "" : first;
}

function shownValue(row: Experiment, column: ExperimentColumn) {
  const { key } = column;
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
