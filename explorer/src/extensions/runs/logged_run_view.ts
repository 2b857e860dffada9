// A run that a program logs to: its state, its parameters and its curves, live.
import {
  hrefOf,
  hrefOfRef,
  html,
  splitValues,
  useAction,
  useInterval,
  useLoaded,
  useMemo,
  useRef,
  type ViewProps,
  type VNode,
} from "../../extending.ts";
import {
  ErrorNotice,
  SameByCode,
  shellWord,
  Shown,
  StateTag,
  type Steps,
} from "../../extending.ts";
import { briefText, formatAgo, formatNumber, formatTime, numberText } from "../../extending.ts";
import { type LoggedRun, mayChange, useSession } from "../../extending.ts";
import { Panels } from "../../curves/panels_view.ts";
import { summariesOf } from "../../curves/summary.ts";
import { MetadataFacts, MetricTiles } from "../../views/versions/metadata.ts";
import { ComparedRuns } from "./compared_runs.ts";
import { Console } from "./console.ts";
import { LIVE_MS, ReadRun, runPath, type ShownRun } from "./read_run.ts";

export function LoggedRunView({ place }: ViewProps) {
  const { path: [, name = "", id], query } = place;
  return id === undefined
    ? html`<${ComparedRuns} key=${`${name} ${query.ids}`} name=${name} ids=${
      splitValues(query.ids)
    } />`
    : html`<${OneRun} name=${name} id=${id} />`;
}

function OneRun({ name, id }: { name: string; id: string }) {
  const { service } = useSession();
  const path = runPath(name, id);
  const read = useRef(new ReadRun(path));
  if (read.current.path !== path) read.current = new ReadRun(path);
  const shown = useLoaded((signal) => read.current.readOn(service, signal), [path]);
  const isSaved = shown.value?.run.version !== undefined;
  useInterval(shown.reload, LIVE_MS, !shown.loading && !isSaved);
  return html`
    <div class="stack whole">
      <nav class="crumbs" aria-label="Path"><a href=${hrefOfRef(name)}>${name}</a> / <a
        href=${hrefOf(["runs"])}>Runs</a></nav>
      <${Shown} of=${shown} what="Reading the run">${(value: ShownRun) =>
        html`
          <${RunDetails} ...${value} reload=${shown.reload}>
            <${Console} key=${path} path=${path} isSaved=${isSaved} />
            <//>
        `}<//>
      <${SameByCode} cli=${`holdfast runs show ${shellWord(name)} ${
        shellWord(id)
      }\nholdfast runs finish ${shellWord(name)} ${
        shellWord(id)
      }   # saves its points as a version`}
        code=${`import { readLoggedRun } from "@holdfast/holdfast/runs";

const { state, lines } = await readLoggedRun(registry, ${JSON.stringify(name)}, ${
          JSON.stringify(id)
        });`} />
    </div>
  `;
}

const NOTES: Readonly<Partial<Record<LoggedRun["state"], string>>> = {
  running: "This page follows it.",
  silent:
    "It logs rarely, was killed, or cannot reach the store. This page follows it. Its points " +
    "stay for a week: open it again with its id to continue, or save it as a version. That ends it: " +
    "a program that still logs to it gets an error.",
  finishing:
    "Its version is being saved, or its program was killed then: save it as a version to " +
    "complete that.",
  discarded: "It was discarded.",
  failed: "Its points stay for a week. To keep them, save the run as a version.",
};

function RunDetails({ run, steps, reload, children }: ShownRun & {
  reload: () => void;
  children: VNode;
}) {
  const { state, version, reason } = run;
  const runs = useMemo(() => steps ? [{ ...steps, label: run.id }] : [], [steps, run.id]);
  return html`
    <div class="row spread heading">
      <h1>${run.id} <${StateTag} state=${state} /></h1>
      <${KeepButton} run=${run} reload=${reload} />
    </div>
    ${reason !== undefined && html`<p>${reason}</p>`}
    <p class="muted">Began ${formatTime(run.startedAt)}, ${formatNumber(
      run.points,
    )} points, the last stored ${formatAgo(run.lastAt)}. ${version === undefined &&
      NOTES[state]}</p>
    ${version !== undefined &&
      html`<p>It was saved as <a href=${
        hrefOfRef(`${run.name}@${version}`)
      }>${run.name}@${version}</a>.</p>`}
    <div class="page">
      <div class="page-top">
        ${steps !== undefined && html`<${LastValues} steps=${steps} />`}
      </div>
      <aside class="page-side" aria-label="Facts">
        <${MetadataFacts} metadata=${run.params} label="Parameters" />
        <${MetadataFacts} metadata=${run.tags} label="Tags" />
      </aside>
      <div class="page-main">
        ${steps !== undefined && html`
          <section class="stack" aria-label="Curves">
            <h2>Curves</h2>
            <${Panels} runs=${runs} isCompared=${false} />
          </section>
        `}
        ${children}
      </div>
    </div>
  `;
}

/** The last value of each measure, and below it the best one. */
function LastValues({ steps }: { steps: Steps }) {
  const { metrics, notes } = useMemo(() => {
    const all = [...summariesOf(steps)];
    const metrics = Object.fromEntries(all.map(([name, { last }]) => [name, last]));
    const notes = all.flatMap(([name, { best }]) => {
      if (best === undefined) return [];
      const at = best.at === undefined ? "" : ` at ${numberText(best.at)}`;
      return [[name, `${best.word} ${briefText(best.value)}${at}`] as const];
    });
    return { metrics, notes: new Map(notes) };
  }, [steps]);
  return html`<${MetricTiles} metadata=${{ metrics }} notes=${notes} />`;
}

/** Saves what a run that no longer logs has stored as a version. */
function KeepButton({ run: { name, id, state, version }, reload }: {
  run: LoggedRun;
  reload: () => void;
}) {
  const { service, rights } = useSession();
  const { isBusy, error, start } = useAction(async () => {
    await service.ask(`${runPath(name, id)}/finish`, { method: "POST", json: {} });
    reload();
  });
  const isOver = state === "failed" || state === "silent" || state === "finishing";
  if (!isOver || version !== undefined || !mayChange(rights, "save", name)) return null;
  return html`
    <div class="row actions"><button type="button" class="button" disabled=${isBusy}
      onClick=${start}>Save as a version</button></div>
    ${error !== undefined && html`<${ErrorNotice} error=${error} />`}
  `;
}
