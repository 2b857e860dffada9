// Runs of programs and of pipelines: all of them, or one with its steps and their logs.
import { html, useInterval, useLoaded, useQuery, type ViewProps } from "../../extending.ts";
import { CopyBox, SameByCode, shellWord, Shown } from "../../extending.ts";
import { type Beginning, useSession } from "../../extending.ts";
import { pipelineOf } from "./names.ts";
import type { ListedRun } from "./runs.ts";
import { LoggedRuns } from "../../views/runs/logged_runs.ts";
import { FoundRuns, NoRuns, RunFilter } from "../../views/runs/runs_view.ts";
import { PipelineRuns } from "./pipeline_runs.ts";
import { RunView } from "./run_view.ts";
import { useLoggedRuns } from "../../views/runs/use_logged_runs.ts";

const LIMIT = 100;
const LIVE_MS = 5000;

export function RunsView({ place: { path: [, run, step], query } }: ViewProps) {
  return run === undefined
    ? html`<${Runs} pipeline=${query.pipeline} />`
    : html`<${RunView} run=${run} step=${step} />`;
}

function Runs({ pipeline }: { pipeline?: string }) {
  const { service } = useSession();
  const [filter, setFilter] = useQuery("filter");
  const runs = useLoaded(
    (signal) => service.first<ListedRun>("runs", LIMIT, { query: { pipeline }, signal }),
    [pipeline],
  );
  const logged = useLoggedRuns({ metrics: true });
  useInterval(runs.reload, LIVE_MS, true);
  return html`
    <div class="stack whole">
      <h1>Runs${pipeline === undefined ? "" : ` of ${pipeline}`}</h1>
      <${RunFilter} filter=${filter} change=${setFilter} />
      <${FoundRuns} filter=${filter} change=${setFilter}>
        ${pipeline === undefined && logged && html`
          <${LoggedRuns} runs=${logged.items} isCut=${logged.isCut} filter=${filter} />
        `}
        <${Shown} of=${runs} what="Reading runs">${({ items, isCut }: Beginning<ListedRun>) =>
          items.length === 0 && (pipeline !== undefined || logged?.items.length === 0)
            ? html`<${NoRunsYet} />`
            : html`
              <${Pipelines} runs=${items} isCut=${isCut} filter=${filter}
                isOnly=${pipeline !== undefined} />
            `}<//>
        <//>
      <${SameByCode} cli=${`holdfast pipeline status${
        pipeline === undefined ? "" : ` ${shellWord(pipeline)}`
      }`}
        code=${`import { listRuns } from "@holdfast/holdfast/operators/runner";

const runs = await listRuns(registry, { limit: ${LIMIT} });`} />
    </div>
  `;
}

function NoRunsYet() {
  return html`
    <${NoRuns} docs="pipelines.md">
      <p>A run of a pipeline appears here with its steps and logs. Start one where its code is:</p>
      <${CopyBox} label="Start a run" text="holdfast pipeline run" />
      <//>
  `;
}

/** A table for each pipeline, the one with the newest run first. */
function Pipelines({ runs, isCut, filter, isOnly }: {
  runs: readonly ListedRun[];
  isCut: boolean;
  filter: string;
  isOnly: boolean;
}) {
  const pipelines = Map.groupBy(runs, ({ run }) => pipelineOf(run));
  return html`
    ${[...pipelines].map(([pipeline, own]) =>
      html`
        <${PipelineRuns} key=${pipeline} pipeline=${pipeline} runs=${own} filter=${filter}
          isOnly=${isOnly} />
      `
    )}
    ${isCut && html`<p class="muted">Only the newest ${LIMIT} runs are shown.</p>`}
  `;
}
