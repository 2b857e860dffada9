// The curves of several runs of a name that programs log to, together and live.
import {
  hrefOf,
  hrefOfRef,
  html,
  type Loaded,
  useInterval,
  useLoaded,
  useMemo,
  useRef,
} from "../../extending.ts";
import {
  Empty,
  ErrorNotice,
  type LineLook,
  Loading,
  lookOf,
  MOST_LOOKS,
  Shown,
} from "../../extending.ts";
import { type LoggedRun, notInSite, useSession } from "../../extending.ts";
import { Panels } from "../../curves/panels_view.ts";
import { LoggedRuns } from "../../views/runs/logged_runs.ts";
import { LIVE_MS, ReadRun, runPath, type ShownRun } from "./read_run.ts";
import { useLoggedRuns } from "../../views/runs/use_logged_runs.ts";

export function ComparedRuns({ name, ids }: {
  name: string;
  /** Those that are drawn. @default the newest that are not finished */
  ids: readonly string[];
}) {
  const { service } = useSession();
  const listed = useLoggedRuns({ name, metrics: true });
  const seen = useRef(new Map<string, LoggedRun>());
  // A run that finishes leaves the list, and stays drawn.
  for (const run of listed?.items ?? []) seen.current.set(run.id, run);
  const known = [...seen.current.values()].sort((a, b) => a.startedAt > b.startedAt ? 1 : -1);
  const all = ids.length > 0 ? ids : known.map(({ id }) => id);
  // Each keeps its look while others begin.
  const drawn = all.map((id, i) => ({ id, look: lookOf(i) })).slice(-MOST_LOOKS);
  const reads = useReads(name, drawn);
  if (service.isSite) return html`<${ErrorNotice} error=${notInSite()} />`;
  return html`
    <div class="stack whole">
      <nav class="crumbs" aria-label="Path"><a href=${hrefOfRef(name)}>${name}</a> / <a
        href=${hrefOf(["runs"])}>Runs</a></nav>
      <h1>Runs of ${name}</h1>
      ${listed === undefined && ids.length === 0 && html`<${Loading} what="Reading runs" />`}
      ${listed && all.length === 0 && html`
        <${Empty} title="No run of this name is unfinished">
          <p>Those that are finished are <a href=${hrefOfRef(name)}>versions</a>.</p>
          <//>
      `}
      ${all.length > drawn.length && html`
        <p class="note">The curves of the last ${drawn.length} of ${all.length} runs are drawn.
          Filter <a href=${hrefOf(["runs"])}>all runs</a> to compare others.</p>
      `}
      ${drawn.length > 0 && html`
        <section class="stack" aria-label="Curves">
          <h2>Curves</h2>
          <${Shown} of=${reads} what="Reading points">${(results: readonly Result[]) =>
            html`<${Drawn} results=${results} />`}<//>
        </section>
      `}
      ${listed &&
        html`
          <${LoggedRuns} runs=${listed.items} isCut=${listed.isCut} isOfName hasLink=${false} />
        `}
    </div>
  `;
}

interface DrawnRun {
  readonly id: string;
  readonly look: LineLook;
}

interface Result extends DrawnRun {
  readonly value?: ShownRun;
  readonly error?: unknown;
}

/** Runs that share the numbers which are read, at least: others may begin later. */
const LEAST_SHARES = 8;

/** Reads runs, which grow, again and again. One that cannot be read keeps what was. */
function useReads(name: string, drawn: readonly DrawnRun[]): Loaded<readonly Result[]> {
  const { service } = useSession();
  const reads = useRef(new Map<string, { reader: ReadRun; last?: ShownRun }>());
  const latest = useRef(drawn);
  latest.current = drawn;
  const shares = Math.max(LEAST_SHARES, drawn.length);
  const readOne = async (run: DrawnRun, signal: AbortSignal): Promise<Result> => {
    const read = reads.current.get(run.id) ??
      { reader: new ReadRun(runPath(name, run.id), shares), last: undefined };
    reads.current.set(run.id, read);
    if (read.last?.run.version !== undefined) return { ...run, value: read.last };
    try {
      return { ...run, value: read.last = await read.reader.readOn(service, signal) };
    } catch (error) {
      return { ...run, value: read.last, error };
    }
  };
  const hasRuns = drawn.length > 0;
  const loaded = useLoaded(async (signal) => {
    const results = await Promise.all(latest.current.map((run) => readOne(run, signal)));
    const [first] = results;
    if (first && results.every(({ error }) => error !== undefined)) throw first.error;
    return results;
  }, [hasRuns]);
  useInterval(loaded.reload, LIVE_MS, hasRuns && !loaded.loading);
  return loaded;
}

function Drawn({ results }: { results: readonly Result[] }) {
  const ids = results.map(({ id }) => id);
  const runs = useMemo(
    () =>
      results.flatMap(({ id, look, value }) =>
        value?.steps ? [{ ...value.steps, label: id, ...look }] : []
      ),
    [ids.join("\n"), ...Array.from({ length: MOST_LOOKS }, (_, i) => results[i]?.value?.steps)],
  );
  const left = results.filter(({ value, error }) => !error && value?.steps === undefined)
    .map(({ id }) => id);
  const failed = results.filter(({ error }) => error !== undefined);
  return html`
    ${failed.map(({ id, error }) =>
      html`<p class="note" key=${id}>${id}: ${
        error instanceof Error ? error.message : `${error}`
      }</p>`
    )}
    ${left.length > 0 && html`<p class="note">${left.join(", ")}: no points.</p>`}
    ${runs.length > 0 && html`<${Panels} runs=${runs} isCompared />`}
  `;
}
