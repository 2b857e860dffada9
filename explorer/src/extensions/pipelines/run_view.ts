// One run: its steps, live, with their logs.
import { nameSegment } from "../../../../core/naming/names.ts";
import { hrefOf, hrefOfRef, html, useInterval, useLoaded, useState } from "../../extending.ts";
import {
  type Column,
  ErrorNotice,
  SameByCode,
  shellWord,
  Shown,
  StateTag,
  Table,
} from "../../extending.ts";
import { formatMs, formatTime, mayChange, useSession } from "../../extending.ts";
import { pipelineOf } from "./names.ts";
import { readRun, type Run, stateOfEnd, type Step } from "./runs.ts";
import { OutputCurves } from "./output_curves.ts";
import { StepLog } from "./step_log.ts";
import { StepMetrics } from "./step_metrics.ts";

const LIVE_MS = 3000;

export function RunView({ run: id, step }: { run: string; step?: string }) {
  const { service } = useSession();
  const run = useLoaded(
    (signal) => readRun(service, id, signal),
    [id],
  );
  const pipeline = pipelineOf(id);
  // The log of a step that failed is what explains the run.
  const opened = step ?? run.value?.steps.find(({ end }) => end === "failed")?.step;
  useInterval(run.reload, LIVE_MS, run.value?.end === "unknown");
  return html`
    <div class="stack whole">
      <nav class="crumbs" aria-label="Path"><a href=${hrefOf(["runs"])}>Runs</a> / <a
        href=${hrefOf(["runs"], { pipeline })}>${pipeline}</a></nav>
      <${Shown} of=${run} what="Reading the run">${(run_: Run) =>
        html`<${Steps} run=${run_} step=${opened} reload=${run.reload} />`}<//>
      ${opened !== undefined &&
        html`
          <${StepLog} key=${opened} run=${id} step=${opened}
            hasEnded=${run.value !== undefined && run.value.end !== "unknown"} />
        `}
      ${run.value && html`<${OutputCurves} runs=${[run.value]} />`}
      <${SameByCode} cli=${`holdfast pipeline status ${shellWord(id)}\nholdfast pipeline logs ${
        shellWord(id)
      }${
        step === undefined ? "" : ` ${shellWord(step)}`
      }\nholdfast pipeline run   # continues: finished steps are skipped`}
        code=${`import { readResult } from "@holdfast/holdfast/operators/runner";

const result = await readResult(registry, ${JSON.stringify(id)});`} />
    </div>
  `;
}

function Steps({ run, step, reload }: { run: Run; step?: string; reload: () => void }) {
  const { service, rights } = useSession();
  const [asked, setAsked] = useState<{ done?: boolean; error?: unknown }>({});
  const isOpen = run.end === "unknown";
  const mayCancel = isOpen && mayChange(rights, "save", `${pipelineOf(run.run)}:run`);
  const cancel = async () => {
    try {
      await service.ask(`runs/${nameSegment(run.run)}`, { method: "DELETE" });
      setAsked({ done: true });
      reload();
    } catch (error) {
      setAsked({ error });
    }
  };
  return html`
    <div class="row spread heading">
      <h1>${run.run} <${StateTag} state=${stateOfEnd(run.end)} /></h1>
      ${mayCancel &&
        html`
          <button type="button" class="button button-danger actions" disabled=${asked.done}
            onClick=${cancel}>${asked.done ? "Stop requested" : "Cancel"}</button>
        `}
    </div>
    ${asked.error !== undefined && html`<${ErrorNotice} error=${asked.error} />`}
    <p class="muted">${run.startedAt
      ? `Began ${formatTime(run.startedAt)}`
      : "No result yet"}${run.durationMs === undefined
      ? ""
      : `, took ${formatMs(run.durationMs)}`}. ${isOpen && "This page follows it."}</p>
    ${run.end !== "ok" && html`
      <p class="note">
        ${isOpen ? "To continue it if it was killed" : "To retry it"}, run
        <code> holdfast pipeline run </code> where its code is: this service has no code of
        pipelines. Finished steps are skipped.
      </p>
    `}
    <${StepMetrics} run=${run.run} steps=${run.steps} />
    <${Table} label="Steps" rows=${run.steps} columns=${stepColumns(run, step)} />
  `;
}

function stepColumns(run: Run, step?: string): Column<Step>[] {
  const times = timesOf(run);
  return [
    {
      title: "Step",
      cell: ({ step: id }) =>
        html`
          <a href=${hrefOf(["runs", run.run, id])}
            aria-current=${id === step ? "true" : undefined}>${id}</a>
        `,
    },
    {
      title: "State",
      class: "fit",
      cell: ({ end }) =>
        html`<${StateTag} state=${end === "unknown" ? "waiting or running" : end} />`,
    },
    {
      title: "Began",
      class: "number",
      cell: ({ startedAt: at }) =>
        at && html`<span title=${formatTime(at)}>+${formatMs(Date.parse(at) - times.begin)}</span>`,
    },
    {
      title: "Took",
      class: "number",
      cell: ({ durationMs }) => durationMs > 0 ? formatMs(durationMs) : "",
    },
    {
      title: "Over time",
      isUntitled: true,
      class: "wide",
      cell: (step) => step.startedAt && html`<${Bar} step=${step} times=${times} />`,
    },
    {
      title: "Reason",
      class: "wide",
      cell: ({ reason, why, outputs = {} }) => [
        reason ?? why.join(", "),
        ...Object.values(outputs).map((ref) =>
          html`<div><a href=${hrefOfRef(ref)}>${ref}</a></div>`
        ),
      ],
    },
  ];
}

/** Returns when the first step began, and the milliseconds until the last one ended. */
function timesOf({ startedAt, steps }: Run): { begin: number; length: number } {
  const ran = steps.flatMap(({ startedAt: at, durationMs }) =>
    at === undefined ? [] : [{ from: Date.parse(at), to: Date.parse(at) + durationMs }]
  );
  const began = startedAt === undefined ? Infinity : Date.parse(startedAt);
  const begin = Math.min(began, ...ran.map(({ from }) => from));
  return { begin, length: Math.max(1, ...ran.map(({ to }) => to - begin)) };
}

function Bar({ step: { startedAt = "", durationMs, end }, times: { begin, length } }: {
  step: Step;
  times: ReturnType<typeof timesOf>;
}) {
  const share = (ms: number) => `${100 * ms / length}%`;
  const [inlineSize, marginInlineStart] = [share(durationMs), share(Date.parse(startedAt) - begin)];
  return html`
    <span class="span" aria-hidden="true"><span class=${`span-${end}`}
      style=${{ inlineSize, marginInlineStart }}></span></span>
  `;
}
