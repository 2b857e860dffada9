// Curves of versions and of runs that are not finished, together. Those of runs that go on are live.
import {
  html,
  MOST_LOOKS,
  openVersion,
  readCurve,
  type Service,
  Shown,
  type Steps,
  useEffect,
  useInterval,
  useLoaded,
  useMemo,
  useRef,
  useSession,
} from "../../extending.ts";
import type { BesideProps } from "../../extension.ts";
import { Panels } from "../../curves/panels_view.ts";
import { LIVE_MS, ReadRun, runPath } from "./read_run.ts";

type DrawnRow = BesideProps["rows"][number];

interface Result extends DrawnRow {
  readonly value?: { readonly steps?: Steps };
  readonly error?: unknown;
}

export function RowCurves({ name, rows }: BesideProps) {
  const reads = useReads(name, rows);
  const keys = new Set(rows.map(keyOf));
  return html`
    <section class="stack" aria-label="Curves">
      <h2>Curves</h2>
      <${Shown} of=${reads} what="Reading points">${(results: readonly Result[]) =>
        html`<${Drawn} results=${results.filter((each) => keys.has(keyOf(each)))} />`}<//>
    </section>
  `;
}

/** Rows that share the numbers which are read, at least: others may begin later. */
const LEAST_SHARES = 8;

interface Reader {
  /** Reads what is new. */
  read(service: Service, signal: AbortSignal): Promise<Result["value"]>;
  isOver: boolean;
  last?: Result["value"];
}

/** Returns what reads the curves of a run, which grow, or of a version. */
function readerOf(name: string, { run, version = "" }: DrawnRow, shares: number): Reader {
  if (run === undefined) {
    return {
      isOver: false,
      async read(service, signal) {
        const opened = await openVersion(service, { name, version }, signal);
        const steps = await readCurve(opened, { shares, signal });
        this.isOver = true;
        return { steps };
      },
    };
  }
  const points = new ReadRun(runPath(name, run), shares);
  return {
    isOver: false,
    async read(service, signal) {
      const shown = await points.readOn(service, signal);
      this.isOver = shown.run.version !== undefined;
      return shown;
    },
  };
}

/** Reads rows again and again. One that cannot be read keeps what was. */
function useReads(name: string, rows: readonly DrawnRow[]) {
  const { service } = useSession();
  const readers = useRef(new Map<string, Reader>());
  const latest = useRef(rows);
  latest.current = rows;
  const shares = Math.max(LEAST_SHARES, rows.length);
  const readOne = async (row: DrawnRow, signal: AbortSignal): Promise<Result> => {
    const key = keyOf(row);
    const reader = readers.current.get(key) ?? readerOf(name, row, shares);
    readers.current.set(key, reader);
    if (reader.isOver) return { ...row, value: reader.last };
    try {
      return { ...row, value: reader.last = await reader.read(service, signal) };
    } catch (error) {
      return { ...row, value: reader.last, error };
    }
  };
  const loaded = useLoaded(async (signal) => {
    const drawn = new Set(latest.current.map(keyOf));
    for (const key of readers.current.keys()) if (!drawn.has(key)) readers.current.delete(key);
    const results = await Promise.all(latest.current.map((row) => readOne(row, signal)));
    const [first] = results;
    if (first && results.every(({ error }) => error !== undefined)) throw first.error;
    return results;
  }, [name, rows.length > 0]); // what is drawn stays while others are read
  const keys = rows.map(keyOf).join("\n");
  const before = useRef(keys);
  useEffect(() => {
    if (before.current !== keys) loaded.reload();
    before.current = keys;
  }, [keys]);
  const isLive = rows.some((row) => readers.current.get(keyOf(row))?.isOver === false);
  useInterval(loaded.reload, LIVE_MS, isLive && !loaded.loading);
  return loaded;
}

function keyOf({ run, version }: DrawnRow): string {
  return run === undefined ? `version ${version}` : `run ${run}`;
}

function Drawn({ results }: { results: readonly Result[] }) {
  const names = results.map(({ label, look }) => `${label} ${look.color} ${look.isDashed}`);
  const runs = useMemo(
    () =>
      results.flatMap(({ label, look, value }) =>
        value?.steps ? [{ ...value.steps, label, ...look }] : []
      ),
    [names.join("\n"), ...Array.from({ length: MOST_LOOKS }, (_, i) => results[i]?.value?.steps)],
  );
  const left = results.filter(({ value, error }) => !error && value?.steps === undefined)
    .map(({ label }) => label);
  const failed = results.filter(({ error }) => error !== undefined);
  return html`
    ${failed.map(({ label, error }) =>
      html`<p class="note" key=${label}>${label}: ${
        error instanceof Error ? error.message : `${error}`
      }</p>`
    )}
    ${left.length > 0 && html`<p class="note">${left.join(", ")}: no points.</p>`}
    ${runs.length > 0 && html`<${Panels} runs=${runs} isCompared />`}
  `;
}
