// The curves of what runs of pipelines saved.
import { Curves, hasCurves, html, MOST_LOOKS, splitRef, useLoaded } from "../../extending.ts";
import { type ArtifactVersion, openVersion, type Service, useSession } from "../../extending.ts";
import { readRun, type Run } from "./runs.ts";

/** Outputs of a run that are opened. */
const MOST_OPENED = 12;

interface Output {
  readonly run: string;
  readonly step: string;
  readonly version: ArtifactVersion;
}

/** Draws the curves of the outputs of runs together. Each run has its first one at least. */
export function OutputCurves({ runs }: { runs: readonly Run[] }) {
  const { service } = useSession();
  const refs = runs.map(({ steps }) => steps.map(({ outputs }) => outputs));
  const { value: outputs = [] } = useLoaded(
    async (signal) => (await Promise.all(runs.map((run) => outputsOf(service, run, signal)))),
    [refs],
  );
  const first = outputs.flatMap(([output]) => output ?? []);
  const others = outputs.flatMap((own) => own.slice(1));
  const drawn = [...first, ...others].slice(0, MOST_LOOKS);
  if (drawn.length === 0) return null;
  const isOneEach = others.length === 0;
  const labels = drawn.map(({ run, step }) =>
    runs.length === 1 ? step : isOneEach ? run : `${run} ${step}`
  );
  return html`
    <${Curves} versions=${drawn.map(({ version }) => version)} labels=${labels} isQuiet />
  `;
}

/** Draws the curves of what runs saved, by their ids. A run that cannot be read has none. */
export function CurvesOfRuns({ runs }: { runs: readonly string[] }) {
  const { service } = useSession();
  const { value } = useLoaded(
    async (signal) => {
      const read = runs.map((run) => readRun(service, run, signal).catch(() => undefined));
      return (await Promise.all(read)).filter((run) => run !== undefined);
    },
    [runs],
  );
  return value && html`<${OutputCurves} runs=${value} />`;
}

/** Returns the outputs of a run that may have curves, in the order of its steps. */
async function outputsOf(
  service: Service,
  { run, steps }: Run,
  signal: AbortSignal,
): Promise<Output[]> {
  const refs = steps.flatMap(({ step, outputs = {} }) =>
    Object.values(outputs).filter((ref) => /^[^@]+@[^@/]+$/.test(ref))
      .map((ref) => ({ step, ref }))
  );
  const opened = await Promise.all(
    refs.slice(0, MOST_OPENED).map(async ({ step, ref }) => {
      const version = await openVersion(service, { version: "latest", ...splitRef(ref) }, signal)
        .catch(() => undefined); // it was deleted, or may not be read
      return version && hasCurves(version) ? [{ run, step, version }] : [];
    }),
  );
  return opened.flat();
}
