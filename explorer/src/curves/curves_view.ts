// Curves of one version, or of several together.
import type { ArtifactVersion } from "../artifact_file.ts";
import { lookOf } from "../components/charts/chart_scales.ts";
import { Choice } from "../components/choice.ts";
import { formatCount } from "../format/format.ts";
import { whenLoaded } from "../components/notices.ts";
import { html } from "../framework/html.ts";
import { useEffect, useMemo } from "../framework/preact.ts";
import { useLoaded } from "../framework/use_loaded.ts";
import { useQuery } from "../framework/use_query.ts";
import type { Run } from "./curve_lines.ts";
import { Panels } from "./panels_view.ts";
import { findSteps, MOST_NUMBERS, readSteps, tablesLeftOut } from "./steps.ts";
import { SystemMetrics } from "./system_metrics.ts";

export function CurvesView({
  versions,
  labels = versions.map(({ version }) => version),
  isQuiet = false,
  onSettled,
}: {
  versions: readonly ArtifactVersion[];
  /** Names of the lines of several versions. @default their version numbers */
  labels?: readonly string[];
  /** Versions without steps are not named. */
  isQuiet?: boolean;
  /** Called once the curves are read, or there are none. */
  onSettled?: () => void;
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
  const isOver = loaded.error !== undefined || loaded.value !== undefined && !read.loading;
  useEffect(() => {
    if (isOver) onSettled?.();
  }, [isOver]);
  const isCompared = versions.length > 1;
  const runs = useMemo(
    () =>
      (read.value ?? []).flatMap((steps, i): Run[] =>
        steps ? [{ ...steps, label: labels[i] ?? "", ...isCompared && lookOf(i) }] : []
      ),
    [read.value, labels.join("\n")],
  );
  const unsearched = versions.reduce((sum, version) => sum + tablesLeftOut(version), 0);
  const left = labels.filter((_, i) => chosen[i] === undefined);
  const system = html`<${SystemMetrics} versions=${versions} labels=${labels} />`;
  return whenLoaded(loaded, () =>
    paths.length === 0 ? system : html`
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
        ${left.length > 0 && !isQuiet &&
          html`<p class="note">${left.join(", ")}: no file with steps.</p>`}
        ${whenLoaded(read, () => html`<${Panels} runs=${runs} isCompared=${isCompared} />`)}
        ${system}
      </section>
    `);
}
