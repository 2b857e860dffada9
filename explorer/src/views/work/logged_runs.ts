// Runs that programs log to, and that are no versions yet: of all names, or of one.
import { useSession } from "../../api/context.ts";
import { MEMBER } from "../../components/better.ts";
import { formatAgo, formatNumber, formatTime } from "../../format/format.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { hrefOf, hrefOfRef } from "../../framework/router.ts";
import { useInterval } from "../../framework/use_interval.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { metadataValues } from "../versions/experiments.ts";
import { valueText } from "../versions/experiments_table.ts";
import { StateTag } from "./state_tag.ts";

export interface LoggedRun {
  readonly name: string;
  readonly id: string;
  readonly state: "running" | "silent" | "failed" | "finished";
  readonly reason?: string;
  readonly version?: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly startedAt: string;
  readonly lastAt: string;
  readonly points: number;
}

const LIVE_MS = 5000;
const MOST = 200;

/** A table of the runs, or nothing if there are none. */
export function LoggedRuns({ name }: { name?: string }) {
  const { service } = useSession();
  const { value, reload } = useLoaded(
    (signal) =>
      service.json<{ items: LoggedRun[] }>("logged-runs", { query: { name, limit: MOST }, signal }),
    [name],
  );
  useInterval(reload, LIVE_MS, true);
  const runs = [...value?.items ?? []].sort((a, b) => a.startedAt < b.startedAt ? 1 : -1);
  if (runs.length === 0) return null;
  const columns = name === undefined ? COLUMNS : COLUMNS.filter(({ title }) => title !== "Name");
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
