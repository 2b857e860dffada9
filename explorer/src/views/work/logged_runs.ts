// Tables of runs that programs log to, and that are no versions yet.
import type { LoggedRun } from "../../api/logged_runs.ts";
import { MEMBER } from "../../../../core/text/better.ts";
import { formatAgo, formatNumber, formatTime } from "../../format/format.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { hrefOf, hrefOfRef } from "../../framework/router.ts";
import { metadataValues } from "../versions/experiments.ts";
import { valueText } from "../versions/experiments_table.ts";
import { StateTag } from "../../components/state_tag.ts";

/** A table of runs, or nothing if there are none. */
export function LoggedRuns({ runs, isOfName = false }: {
  runs: readonly LoggedRun[];
  /** All are of the name of the page. */
  isOfName?: boolean;
}) {
  if (runs.length === 0) return null;
  const columns = isOfName ? COLUMNS.filter(({ title }) => title !== "Name") : COLUMNS;
  return html`
    <section class="stack" aria-label="Logged runs">
      <h2>Runs that are not finished</h2>
      <${Table} label="Logged runs" rows=${runs} columns=${columns}
        keyOf=${({ name, id }: LoggedRun) => `${name}@${id}`} />
    </section>
  `;
}

const COLUMNS: readonly Column<LoggedRun>[] = [
  {
    title: "Run",
    class: "fit",
    cell: ({ name, id }) => html`<a href=${hrefOf(["logged", name, id])}>${id}</a>`,
  },
  {
    title: "Name",
    class: "fit",
    cell: ({ name }) => html`<a href=${hrefOfRef(name)}>${name}</a>`,
  },
  { title: "State", class: "fit", cell: ({ state }) => html`<${StateTag} state=${state} />` },
  { title: "Points", class: "number", cell: ({ points }) => formatNumber(points) },
  {
    title: "Last stored",
    class: "fit",
    cell: ({ lastAt: at }) => html`<span title=${formatTime(at)}>${formatAgo(at)}</span>`,
  },
  {
    title: "Parameters or reason",
    class: "wide",
    cell: ({ params, reason }) => reason ?? paramsText(params),
  },
];

function paramsText(params: Readonly<Record<string, unknown>>): string {
  return [...metadataValues(params)].map(([key, value]) =>
    `${key.replace(MEMBER, "")} ${valueText(value)}`
  ).join(", ");
}
