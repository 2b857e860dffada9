// Curves of one version, or of several together: a chart for each measure.
import type { ArtifactVersion } from "../artifact_file.ts";
import { Chart, colorOf } from "../components/charts/chart.ts";
import { Choice } from "../components/choice.ts";
import { formatCount, formatNumber, numberText } from "../format/format.ts";
import { whenLoaded } from "../components/notices.ts";
import { onValue } from "../components/field.ts";
import { html } from "../framework/html.ts";
import { useMemo } from "../framework/preact.ts";
import { useLoaded } from "../framework/use_loaded.ts";
import { useQuery } from "../framework/use_query.ts";
import { joinLines, lineOf, panelsOf } from "./lines.ts";
import { axesOf } from "./axes.ts";
import { findSteps, readSteps, type Steps, tablesLeftOut } from "./steps.ts";

/** Charts that are shown at first. */
const FEW = 4;
/** Numbers that are read, over all versions. */
export const MOST_NUMBERS = 4_000_000;

export type Run = Steps & {
  readonly label: string;
  /** The variable of the styles with the color of its line. @default by its number */
  readonly color?: string;
};

export function CurvesView({ versions, labels = versions.map(({ version }) => version) }: {
  versions: readonly ArtifactVersion[];
  /** Names of the lines of several versions. @default their version numbers */
  labels?: readonly string[];
}) {
  const [path, setPath] = useQuery("curve");
  const refs = versions.map(({ name, version }) => `${name}@${version}`);
  const loaded = useLoaded(
    (signal) => Promise.all(versions.map((version) => findSteps(version, signal))),
    [refs],
  );
  const files = loaded.value ?? [];
  const paths = [...new Set(files.flat().map(({ file }) => file.path))];
  const isOne = files.every((own) => own.length < 2); // its path may differ
  const shown = paths.includes(path) ? path : paths[0];
  const chosen = files.map((own) => own.find(({ file }) => isOne || file.path === shown));
  const read = useLoaded(async (signal) => {
    const most = MOST_NUMBERS / chosen.length;
    return await Promise.all(
      chosen.map((file) => file && readSteps(file, { most, signal })),
    );
  }, [chosen.map((each) => each?.file)]);
  const isCompared = versions.length > 1;
  const runs = useMemo(
    () =>
      (read.value ?? []).flatMap((steps, i): Run[] =>
        steps ? [{ ...steps, label: labels[i] ?? "", ...isCompared && { color: colorOf(i) } }] : []
      ),
    [read.value, labels.join("\n")],
  );
  const unsearched = versions.reduce((sum, version) => sum + tablesLeftOut(version), 0);
  const left = labels.filter((_, i) => chosen[i] === undefined);
  return whenLoaded(loaded, () =>
    paths.length > 0 && html`
      <section class="stack" aria-label="Curves">
        <div class="fields">
          <h2>Curves</h2>
          ${!isOne && html`
            <${Choice} label="of" value=${shown} change=${setPath}
              options=${paths.map((path) => [path, path])} />
          `}
        </div>
        ${unsearched > 0 && html`
          <p class="note">${formatCount(
            unsearched,
            "more table",
          )} of these versions ${unsearched === 1
            ? "is"
            : "are"} not searched for steps. Name a file
            by <code>curves</code> in the metadata.</p>
        `}
        ${left.length > 0 && html`<p class="note">${left.join(", ")}: no file with steps.</p>`}
        ${whenLoaded(read, () => html`<${Panels} runs=${runs} isCompared=${isCompared} />`)}
      </section>
    `);
}

/** A chart for each measure of the runs, or for some measures of one run. */
export function Panels({ runs, isCompared }: { runs: readonly Run[]; isCompared: boolean }) {
  const [by, setBy] = useQuery("by");
  const [shown, setShown] = useQuery("charts");
  const [smooth, setSmooth] = useQuery("smooth", "0");
  const [log, setLog] = useQuery("log");
  const names = [...new Set(runs.flatMap(({ columns }) => [...columns.keys()]))];
  const steps = axesOf(names);
  const axes = steps.length > 0 ? steps : names;
  const axis = axes.includes(by) ? by : axes[0]!;
  const measures = names.filter((name) => name !== axis && !steps.includes(name));
  const panels = [...panelsOf(measures, isCompared)];
  const few = shown === "all" ? panels.length : FEW;
  const smoothing = Math.min(Math.max(Number(smooth) || 0, 0), 0.99);
  const charts = useMemo(() =>
    panels.slice(0, few).map(([panel, measures]) => {
      const lines = runs.flatMap(({ label, color, columns }) =>
        measures.map((measure) => {
          const [x = [], y = []] = [columns.get(axis), columns.get(measure)];
          const line = lineOf({ x, y }, smoothing);
          return { label: isCompared ? label : measure, color, ...line };
        })
      );
      const { x, values } = joinLines(lines);
      const series = lines.map(({ label, color }, i) => ({ label, color, values: values[i]! }));
      const total = (of: "lost" | "replaced") => lines.reduce((sum, line) => sum + line[of], 0);
      const omitted = [
        [log === "" ? 0 : values.flat().filter((y) => y !== null && y <= 0).length, "of 0 or less"],
        [total("lost"), "of NaN or infinity"],
        [total("replaced"), "of steps that come again later"],
      ] as const;
      const label = `${panel} by ${axis}${smoothing > 0 ? `, smoothed ${smoothing}` : ""}`;
      return { panel, label, x, series, omitted: omitted.filter(([count]) => count > 0) };
    }), [runs, few, axis, smoothing, log]);
  return html`
    <div class="fields">
      ${axes.length > 1 && html`
        <${Choice} label="by" value=${axis} change=${setBy}
          options=${axes.map((name) => [name, name])} />
      `}
      <label>Smoothing <input type="range" min="0" max="0.99" step="0.01" value=${smoothing}
        onChange=${onValue(setSmooth)} /> <output>${smoothing}</output></label>
      <label><input type="checkbox" checked=${log !== ""} onChange=${() =>
        setLog(log === "" ? "y" : "")} /> Log axis</label>
    </div>
    ${runs.filter(({ isAll }) => !isAll).map(({ label, rows, problem }) =>
      html`<p class="note">${label}: the first ${formatNumber(rows)} rows are drawn${
        problem === undefined ? "" : `. ${problem}`
      }.</p>`
    )}
    ${runs.filter(({ moreColumns }) => moreColumns > 0).map(({ label, moreColumns }) =>
      html`<p class="note">${label}: ${formatCount(moreColumns, "more column")} not drawn.</p>`
    )}
    <div class="columns">${charts.map((chart) =>
      html`
        <div class="card" key=${chart.panel}>
          <${Chart} ...${chart} xLabel=${axis} isLog=${log !== ""}
            formatX=${numberText} formatY=${numberText} />
          ${chart.omitted.length > 0 && html`
            <p class="muted">Left out: ${chart.omitted.map(([count, which]) =>
              `${formatCount(count, "value")} ${which}`
            ).join(", ")}.</p>
          `}
        </div>
      `
    )}</div>
    ${panels.length > few &&
      html`<p><button type="button" class="button" onClick=${() =>
        setShown("all")}>Show all ${panels.length} charts</button></p>`}
  `;
}
