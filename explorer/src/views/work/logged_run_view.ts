// A run that a program logs to: its state, its parameters and its curves, live.
import { nameSegment } from "../../../../core/naming/names.ts";
import type { ArtifactFile, ArtifactVersion } from "../../artifact_file.ts";
import { namePath } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import { mayChange, type Service } from "../../api/service.ts";
import { SameByCode, shellWord } from "../../components/copy_box.ts";
import { FactList } from "../../components/fact_list.ts";
import { formatAgo, formatNumber, formatTime } from "../../format/format.ts";
import { ErrorNotice, Shown } from "../../components/notices.ts";
import { axesOf } from "../../curves/axes.ts";
import { MOST_NUMBERS, Panels } from "../../curves/curves_view.ts";
import { findSteps, readSteps, type Steps } from "../../curves/steps.ts";
import { html } from "../../framework/html.ts";
import { useRef } from "../../framework/preact.ts";
import { hrefOf, hrefOfRef } from "../../framework/router.ts";
import { useAction } from "../../framework/use_action.ts";
import { useInterval } from "../../framework/use_interval.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { metadataFacts, MetricTiles } from "../versions/metadata.ts";
import type { ViewProps } from "../mod.ts";
import type { LoggedRun } from "./logged_runs.ts";
import { StateTag } from "./state_tag.ts";

const LIVE_MS = 3000;
/** Bytes of points that the page holds. */
const MOST_BYTES = 64 * 1024 * 1024;

/** The part of a run that is read so far. */
interface Read {
  readonly path: string;
  next?: string;
  chunks: Uint8Array<ArrayBuffer>[];
  bytes: number;
  steps?: Steps;
}

interface ShownRun {
  readonly run: LoggedRun;
  readonly steps?: Steps;
}

export function LoggedRunView({ place: { path: [, name = "", id = ""] } }: ViewProps) {
  const { service } = useSession();
  const path = `${namePath(name)}/runs/${nameSegment(id)}`;
  const read = useRef<Read>({ path, chunks: [], bytes: 0 });
  if (read.current.path !== path) read.current = { path, chunks: [], bytes: 0 };
  const shown = useLoaded((signal) => readOn(service, read.current, signal), [path]);
  const state = shown.value?.run.state;
  useInterval(shown.reload, LIVE_MS, !shown.loading && state !== "finished");
  return html`
    <div class="stack">
      <nav class="crumbs" aria-label="Path"><a href=${hrefOfRef(name)}>${name}</a> / <a
        href=${hrefOf(["runs"])}>Runs</a></nav>
      <${Shown} of=${shown} what="Reading the run">${(value: ShownRun) =>
        html`<${RunDetails} ...${value} reload=${shown.reload} />`}<//>
      <${SameByCode} cli=${`holdfast runs show ${shellWord(name)} ${
        shellWord(id)
      }\nholdfast runs finish ${shellWord(name)} ${
        shellWord(id)
      }   # saves its points as a version`}
        code=${`import { readLoggedRun } from "@holdfast/holdfast/registry";

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
  failed: "Its points stay for a week. To keep them, save the run as a version.",
};

function RunDetails({ run, steps, reload }: ShownRun & { reload: () => void }) {
  const { state, version, reason } = run;
  return html`
    <div class="row spread heading">
      <h1>${run.id} <${StateTag} state=${state} /></h1>
      <${KeepButton} run=${run} reload=${reload} />
    </div>
    ${reason !== undefined && html`<p>${reason}</p>`}
    <p class="muted">Began ${formatTime(run.startedAt)}, ${formatNumber(
      run.points,
    )} points, the last stored ${formatAgo(run.lastAt)}. ${NOTES[state]}</p>
    ${version !== undefined &&
      html`<p>It was saved as <a href=${
        hrefOfRef(`${run.name}@${version}`)
      }>${run.name}@${version}</a>.</p>`}
    ${steps !== undefined && html`<${MetricTiles} metadata=${{ metrics: lastValues(steps) }} />`}
    ${steps !== undefined && html`
      <section class="stack" aria-label="Curves">
        <h2>Curves</h2>
        <${Panels} runs=${[{ ...steps, label: run.id }]} isCompared=${false} />
      </section>
    `}
    ${Object.keys(run.params).length > 0 &&
      html`<${FactList} isCard isMono label="Parameters" facts=${metadataFacts(run.params)} />`}
  `;
}

/** Saves what a run that no longer logs has stored as a version. */
function KeepButton({ run: { name, id, state }, reload }: { run: LoggedRun; reload: () => void }) {
  const { service, rights } = useSession();
  const { isBusy, error, start } = useAction(async () => {
    const path = `${namePath(name)}/runs/${nameSegment(id)}/finish`;
    await service.ask(path, { method: "POST", json: {} });
    reload();
  });
  const isOver = state === "failed" || state === "silent";
  if (!isOver || !mayChange(rights, "save", name)) return null;
  return html`
    <div class="row actions"><button type="button" class="button" disabled=${isBusy}
      onClick=${start}>Save as a version</button></div>
    ${error !== undefined && html`<${ErrorNotice} error=${error} />`}
  `;
}

/** Returns the last number of each name. Omits those whose last value is NaN or infinite. */
function lastValues({ columns }: Steps): Record<string, number> {
  const axes = axesOf([...columns.keys()]);
  const last = [...columns].map(([name, values]) =>
    [name, values.findLast((value) => !Number.isNaN(value)) ?? NaN] as const
  );
  return Object.fromEntries(
    last.filter(([name, value]) => !axes.includes(name) && Number.isFinite(value)),
  );
}

/** Reads the points that are new, and the steps of all. */
async function readOn(service: Service, read: Read, signal: AbortSignal): Promise<ShownRun> {
  for (;;) {
    const query = { after: read.next };
    const page = await service.json<LoggedRun & { lines: string; next: string; more: boolean }>(
      read.path,
      { query, signal },
    );
    if (page.lines !== "" && read.bytes < MOST_BYTES) {
      const chunk = new TextEncoder().encode(page.lines);
      read.chunks.push(chunk);
      read.bytes += chunk.byteLength;
      read.steps = undefined;
    }
    read.next = page.next;
    if (page.more && read.bytes < MOST_BYTES) continue;
    read.steps ??= await stepsOf(page, read, signal);
    return { run: page, steps: read.steps };
  }
}

async function stepsOf(run: LoggedRun, { chunks, bytes }: Read, signal: AbortSignal) {
  if (bytes === 0) return undefined;
  const [file] = await findSteps(versionOf(run, new Blob(chunks)), signal);
  return file && await readSteps(file, { most: MOST_NUMBERS, signal });
}

/** Returns a version with the points as its only file. */
function versionOf({ name, id, startedAt }: LoggedRun, points: Blob): ArtifactVersion {
  const path = "history.jsonl";
  const read = async (offset: number, length: number) =>
    new Uint8Array(await points.slice(offset, offset + length).arrayBuffer());
  const file: ArtifactFile = {
    ref: `${name}@${id}`,
    path,
    size: points.size,
    digest: "",
    mediaType: "application/x-ndjson",
    url: "",
    read,
    async text(maxBytes) {
      const truncated = points.size > maxBytes;
      const text = new TextDecoder().decode(await read(0, maxBytes), { stream: truncated });
      return { text, truncated };
    },
  };
  return {
    name,
    version: id,
    commit: "",
    digest: "",
    materializer: "folder",
    metadata: { curves: path },
    files: [file],
    createdAt: startedAt,
    size: points.size,
    inputs: [],
  };
}
