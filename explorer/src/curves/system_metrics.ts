// The system metrics that Python's runs and W&B's client record. They are read when their section is opened.
import type { ArtifactVersion } from "../artifact_file.ts";
import { lookOf } from "../components/charts/chart_scales.ts";
import { whenLoaded } from "../components/notices.ts";
import { html } from "../framework/html.ts";
import { useState } from "../framework/preact.ts";
import { useLoaded } from "../framework/use_loaded.ts";
import { CurveCard } from "./curve_card.ts";
import type { Drawing, Run } from "./curve_lines.ts";
import { findSteps, MOST_NUMBERS, readSteps } from "./steps.ts";

const FILE = /^wandb-events(-\d+)?\.jsonl$/;

export function SystemMetrics({ versions, labels }: {
  versions: readonly ArtifactVersion[];
  labels: readonly string[];
}) {
  const most = MOST_NUMBERS / versions.length;
  const [isOpen, setOpen] = useState(false);
  const [range, onRange] = useState<Drawing["range"]>(undefined);
  const isCompared = versions.length > 1;
  const read = useLoaded(async (signal) => {
    const runs = versions.map(async (version, i): Promise<Run[]> => {
      const files = version.files.filter(({ path }) => isOpen && FILE.test(path)).slice(0, 1);
      const metadata = { curves: files.map(({ path }) => path) };
      const [found] = await findSteps({ ...version, files, metadata }, signal);
      const steps = found && await readSteps(found, { most, signal });
      return steps ? [{ ...steps, label: labels[i] ?? "", ...isCompared && lookOf(i) }] : [];
    });
    return (await Promise.all(runs)).flat();
  }, [isOpen, versions.map(({ name, version }) => `${name}@${version}`), labels]);
  const drawing = { axis: "_runtime", isCompared, smoothing: 0, isLog: false, range };
  const chartsOf = (runs: readonly Run[]) =>
    [...new Set(runs.flatMap(({ columns }) => [...columns.keys()]))].sort()
      .filter((name) => name.startsWith("system.")).map((title) =>
        html`
          <${CurveCard} key=${title} panel=${{ title, measures: [title] }} section="system"
            runs=${runs} drawing=${drawing} onRange=${onRange} />
        `
      );
  return versions.some(({ files }) => files.some(({ path }) => FILE.test(path))) && html`
    <section class="stack" aria-label="System metrics">
      <h3><button type="button" class="fold" aria-expanded=${isOpen}
        onClick=${() => setOpen(!isOpen)}>System metrics</button></h3>
      ${isOpen && whenLoaded(read, (runs) =>
        html`
          <div class="charts">
            <div class="charts-grid">${chartsOf(runs)}</div>
          </div>
        `)}
    </section>
  `;
}
