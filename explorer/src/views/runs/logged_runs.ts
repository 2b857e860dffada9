// Tables of runs that programs log to, and that are no versions yet.
import type { LoggedRun } from "../../api/logged_runs.ts";
import { CopyTable } from "../../components/copy_box.ts";
import { ErrorNotice } from "../../components/notices.ts";
import { StateTag } from "../../components/state_tag.ts";
import { type Column, Table } from "../../components/table.ts";
import { formatAgo, formatCount, formatNumber, formatTime } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import { useMemo } from "../../framework/preact.ts";
import { hrefOf, hrefOfRef, joinValues } from "../../framework/router.ts";
import { columnsOfRows, filteredRows, rowOf, type RunRow } from "./run_rows.ts";

type Row = RunRow<LoggedRun>;

/** A table of runs, or nothing if there are none. */
export function LoggedRuns({ runs, isCut, filter = "", isOfName = false, hasLink = true }: {
  runs: readonly LoggedRun[];
  /** More runs are left out. */
  isCut: boolean;
  filter?: string;
  /** Links lead to the curves of several runs. */
  hasLink?: boolean;
  /** All are of the name of the page. */
  isOfName?: boolean;
}) {
  const rows = useMemo(() =>
    runs.map((run): Row => {
      const { startedAt: at, ...facts } = run;
      return rowOf(run, { ...facts, at });
    }), [runs]);
  const { rows: shown, error } = filteredRows(rows, filter);
  const columns = useMemo(() => {
    const first = isOfName ? FIRST.filter(({ title }) => title !== "Name") : FIRST;
    const last = runs.some(({ reason }) => reason !== undefined) ? [REASON] : [];
    return [...first, ...columnsOfRows(rows), ...last];
  }, [rows, isOfName]);
  if (shown.length === 0) return null;
  return html`
    <div class="stack">
      <div class="row spread">
        <h2>Runs that are not finished</h2>
        ${hasLink && html`<${CompareLinks} rows=${shown} isAll=${shown.length === rows.length} />`}
      </div>
      ${error !== undefined && html`<${ErrorNotice} error=${error} />`}
      <${Table} label="Logged runs" rows=${shown} columns=${columns} class="brief"
        keyOf=${({ run: { name, id } }: Row) => `${name}@${id}`} />
      ${isCut &&
        html`<p class="muted">Only ${formatCount(runs.length, "run")} are listed, by name.</p>`}
      <${CopyTable} rows=${shown} columns=${columns} />
    </div>
  `;
}

/** Names with a link to the curves of their runs. */
const MOST_LINKS = 3;

/** Lead to the curves of the runs of a name, together. */
function CompareLinks({ rows, isAll }: { rows: readonly Row[]; isAll: boolean }) {
  const names = [...Map.groupBy(rows, ({ run }) => run.name)].filter(([, { length }]) =>
    length > 1
  );
  return html`
    <span class="row">${names.slice(0, MOST_LINKS).map(([name, own]) =>
      html`
        <a class="button actions" href=${hrefOf(["logged", name], {
          ids: isAll ? undefined : joinValues(own.map(({ run }) => run.id)),
        })}>Compare ${own.length} runs${names.length > 1 && ` of ${name}`}</a>
      `
    )}</span>
  `;
}

const FIRST: readonly Column<Row>[] = [
  {
    title: "Run",
    class: "fit",
    cell: ({ run: { name, id } }) => html`<a href=${hrefOf(["logged", name, id])}>${id}</a>`,
    value: ({ run }) => run.id,
  },
  {
    title: "Name",
    class: "fit",
    cell: ({ run: { name } }) => html`<a href=${hrefOfRef(name)}>${name}</a>`,
    value: ({ run }) => run.name,
  },
  {
    title: "State",
    class: "fit",
    cell: ({ run }) => html`<${StateTag} state=${run.state} />`,
    value: ({ run }) => run.state,
  },
  {
    title: "Points",
    class: "number",
    cell: ({ run }) => formatNumber(run.points),
    value: ({ run }) => run.points,
  },
  {
    title: "Last stored",
    class: "fit",
    cell: ({ run: { lastAt: at } }) => html`<span title=${formatTime(at)}>${formatAgo(at)}</span>`,
    value: ({ run }) => run.lastAt,
  },
];

const REASON: Column<Row> = {
  title: "Reason",
  class: "wide",
  cell: ({ run }) => run.reason,
  value: ({ run }) => run.reason,
};
