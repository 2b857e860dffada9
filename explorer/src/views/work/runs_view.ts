// Runs of pipelines: all of them, or one with its steps and their logs.
import { useSession } from "../../api/context.ts";
import { CopyBox, SameByCode, shellWord } from "../../components/copy_box.ts";
import { formatAgo, formatMs, formatTime } from "../../format/format.ts";
import { Empty, Shown } from "../../components/notices.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { hrefOf } from "../../framework/router.ts";
import { useInterval } from "../../framework/use_interval.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import type { ViewProps } from "../mod.ts";
import { LoggedRuns } from "./logged_runs.ts";
import { RunView } from "./run_view.ts";
import { useLoggedRuns } from "./use_logged_runs.ts";
import { StateTag } from "../../components/state_tag.ts";
import { CompareRuns } from "./step_metrics.ts";

export interface ListedRun {
  readonly run: string;
  readonly end: string;
  readonly plannedAt: string;
  readonly steps: number;
  readonly durationMs?: number;
  readonly counts?: Readonly<Record<string, number>>;
}

const LIMIT = 100;
const LIVE_MS = 5000;

export function RunsView({ place: { path: [, run, step], query } }: ViewProps) {
  return run === undefined
    ? html`<${Runs} pipeline=${query.pipeline} />`
    : html`<${RunView} run=${run} step=${step} />`;
}

function Runs({ pipeline }: { pipeline?: string }) {
  const { service } = useSession();
  const runs = useLoaded(
    (signal) =>
      service.json<{ items: ListedRun[] }>("runs", { query: { pipeline, limit: LIMIT }, signal }),
    [pipeline],
  );
  useInterval(runs.reload, LIVE_MS, true);
  return html`
    <div class="stack">
      <div class="row spread heading">
        <h1>Runs${pipeline === undefined ? "" : ` of ${pipeline}`}</h1>
        ${pipeline !== undefined && html`<${CompareRuns} pipeline=${pipeline} />`}
      </div>
      ${pipeline === undefined && html`<${AllLoggedRuns} />`}
      <${Shown} of=${runs} what="Reading runs">${({ items }: { items: ListedRun[] }) =>
        items.length === 0
          ? html`
            <${Empty} title="There are no runs" docs="pipelines.md">
              <p>A run of a pipeline appears here with its steps and logs. Start one where its code is:</p>
              <${CopyBox} label="Start a run" text="holdfast pipeline run" />
              <//>
          `
          : html`
            <${Table} label="Runs" rows=${items} columns=${COLUMNS} />
            ${items.length >= LIMIT &&
              html`<p class="muted">Only the newest ${LIMIT} runs are shown.</p>`}
          `}<//>
      <${SameByCode} cli=${`holdfast pipeline status${
        pipeline === undefined ? "" : ` ${shellWord(pipeline)}`
      }`}
        code=${`import { listRuns } from "@holdfast/holdfast/operators/runner";

const runs = await listRuns(registry, { limit: ${LIMIT} });`} />
    </div>
  `;
}

function AllLoggedRuns() {
  const runs = useLoggedRuns();
  return runs && html`<${LoggedRuns} runs=${runs} />`;
}

const COLUMNS: readonly Column<ListedRun>[] = [
  {
    title: "Run",
    class: "fit",
    cell: ({ run }) => html`<a href=${hrefOf(["runs", run])}>${run}</a>`,
  },
  {
    title: "State",
    class: "fit",
    cell: ({ end }) => html`<${StateTag} state=${end === "unknown" ? "running or killed" : end} />`,
  },
  {
    title: "Steps",
    class: "fit",
    cell: ({ steps, counts = { "": steps } }) =>
      Object.entries(counts).map(([end, count]) => `${count} ${end}`).join(", "),
  },
  {
    title: "Took",
    class: "number",
    cell: ({ durationMs }) => durationMs === undefined ? "" : formatMs(durationMs),
  },
  {
    title: "Began",
    class: "fit",
    cell: ({ plannedAt: at }) => html`<span title=${formatTime(at)}>${formatAgo(at)}</span>`,
  },
];
