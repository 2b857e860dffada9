// The jobs of the queue, live, or one of them.
import {
  hrefOf,
  html,
  openPlace,
  useInterval,
  useLoaded,
  useState,
  type ViewProps,
} from "../../extending.ts";
import {
  Choice,
  type Column,
  Empty,
  ErrorNotice,
  FactList,
  SameByCode,
  shellWord,
  Shown,
  StateTag,
  Table,
} from "../../extending.ts";
import { type Beginning, formatAgo, formatTime, mayChange, useSession } from "../../extending.ts";

interface Job {
  readonly id: string;
  readonly group: string;
  readonly kind: string;
  readonly state: string;
  readonly attempts: number;
  readonly attemptsMade: number;
  readonly addedAt: string;
  readonly endedAt?: string;
  readonly data: unknown;
  readonly progress?: unknown;
  readonly result?: unknown;
  readonly reason?: string;
}

const PARTS = [["data", "Input"], ["progress", "Progress"], ["result", "Result"]] as const;
const STATES = ["waiting", "delayed", "running", "done", "failed", "cancelled"];
const STATE_OPTIONS = [["", "All"], ...STATES.map((state) => [state, state])];
const LIMIT = 200;
const LIVE_MS = 3000;

export function JobsView({ place: { path: [, job], query } }: ViewProps) {
  return job === undefined ? html`<${Jobs} state=${query.state} />` : html`<${OneJob} id=${job} />`;
}

function Jobs({ state }: { state?: string }) {
  const { service } = useSession();
  const jobs = useLoaded(
    (signal) => service.first<Job>("jobs", LIMIT, { query: { state }, signal }),
    [state],
  );
  useInterval(jobs.reload, LIVE_MS, true);
  const columns: Column<Job>[] = [
    {
      title: "Job",
      class: "fit mono",
      cell: ({ id }) => html`<a href=${hrefOf(["jobs", id])}>${id}</a>`,
    },
    { title: "State", class: "fit", cell: ({ state }) => html`<${StateTag} state=${state} />` },
    { title: "Group", cell: ({ group }) => group },
    {
      title: "Attempts",
      class: "number",
      cell: ({ attempts, attemptsMade }) => `${attemptsMade} / ${attempts}`,
    },
    {
      title: "Added",
      class: "fit",
      cell: ({ addedAt: at }) => html`<span title=${formatTime(at)}>${formatAgo(at)}</span>`,
    },
    { title: "About", class: "wide", cell: (job) => html`<${About} job=${job} />` },
    {
      title: "Actions",
      isUntitled: true,
      cell: (job) => html`<${Actions} job=${job} changed=${jobs.reload} />`,
    },
  ];
  const choose = (state: string) => openPlace(hrefOf(["jobs"], { state }));
  return html`
    <div class="stack whole">
      <div class="row spread">
        <h1>Jobs</h1>
        <${Choice} label="State" value=${state ?? ""} options=${STATE_OPTIONS} change=${choose} />
      </div>
      <${Shown} of=${jobs} what="Reading jobs">${({ items, isCut }: Beginning<Job>) =>
        items.length === 0
          ? html`
            <${Empty} title="There are no such jobs" docs="jobs.md">
              <p>Uploads, pipelines and programs add jobs to the queue of this service.</p>
              <//>
          `
          : html`
            <${Table} label="Jobs" rows=${items} columns=${columns} keyOf=${({ id }: Job) => id} />
            ${isCut && html`<p class="muted">Only ${LIMIT} jobs are shown.</p>`}
          `}<//>
      <${SameByCode} cli=${`holdfast jobs ls --queue URL${state ? ` --state ${state}` : ""}`}
        code=${`for (const job of await queue.list({ limit: ${LIMIT} })) console.log(job.id, job.state);`} />
    </div>
  `;
}

/** The artifact of a job, and how it goes or ended. */
function About({ job }: { job: Job }) {
  const name = nameOf(job);
  const text = job.reason ?? JSON.stringify(job.progress);
  return html`
    ${name && html`<div><a href=${hrefOf(["artifacts", name])}>${name}</a></div>`}
    ${text && html`<span class="muted">${text}</span>`}
  `;
}

function nameOf({ data }: Job): string | undefined {
  const about = data as { name?: unknown; input?: { name?: unknown } } | null;
  const name = about?.name ?? about?.input?.name;
  return typeof name === "string" ? name : undefined;
}

/** Retries or cancels, if the job may and the token allows it. */
function Actions({ job, changed }: { job: Job; changed: () => void }) {
  const { service, rights } = useSession();
  const [error, setError] = useState<unknown>();
  const name = nameOf(job);
  if (!rights.admin && (name === undefined || !mayChange(rights, "save", name))) return null;
  const isOver = ["done", "failed", "cancelled"].includes(job.state);
  const act = async (method: string, path: string) => {
    try {
      await service.ask(path, { method });
      setError(undefined);
    } catch (error) {
      setError(error);
    }
    changed();
  };
  const path = `jobs/${encodeURIComponent(job.id)}`;
  return html`
    <div class="row">
      ${!isOver && html`
        <button type="button" class="button button-small button-danger" aria-label=${`Cancel ${job.id}`}
          onClick=${() => act("DELETE", path)}>Cancel</button>
      `}
      ${isOver && job.state !== "done" && html`
        <button type="button" class="button button-small"
          aria-label=${`Retry ${job.id}`} onClick=${() =>
            act("POST", `${path}/retry`)}>Retry</button>
      `}
    </div>
    ${error !== undefined && html`<${ErrorNotice} error=${error} />`}
  `;
}

function OneJob({ id }: { id: string }) {
  const { service } = useSession();
  const path = `jobs/${encodeURIComponent(id)}`;
  const job = useLoaded((signal) => service.json<Job>(path, { signal }), [id]);
  useInterval(
    job.reload,
    LIVE_MS,
    !["done", "failed", "cancelled"].includes(job.value?.state ?? ""),
  );
  return html`
    <div class="stack">
      <nav class="crumbs" aria-label="Path"><a href=${hrefOf(["jobs"])}>Jobs</a></nav>
      <${Shown} of=${job} what="Reading the job">${(shownJob: Job) =>
        html`
          <div class="row spread">
            <h1>${id} <${StateTag} state=${shownJob.state} /></h1>
            <${Actions} job=${shownJob} changed=${job.reload} />
          </div>
          <${FactList} isCard facts=${[
            ["Group", shownJob.group],
            ["Kind", shownJob.kind],
            ["Added", formatTime(shownJob.addedAt)],
            ["Ended", shownJob.endedAt && formatTime(shownJob.endedAt)],
            ["Attempts", `${shownJob.attemptsMade} of ${shownJob.attempts}`],
            ["Reason", shownJob.reason],
          ]} />
          ${PARTS.filter(([key]) => shownJob[key] !== undefined).map(([key, title]) =>
            html`
              <h2>${title}</h2>
              <pre class="log" tabindex="0" role="region"
                aria-label=${title}>${JSON.stringify(shownJob[key], null, 2)}</pre>
            `
          )}
        `}<//>
      <${SameByCode} cli=${`holdfast jobs show ${shellWord(id)} --queue URL`}
        code=${`const job = await queue.get(${JSON.stringify(id)});`} />
    </div>
  `;
}
