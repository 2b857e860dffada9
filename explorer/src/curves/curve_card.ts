// One chart of curves, which is drawn once it is near the part of the page that is in view.
import { breakable } from "../components/breakable.ts";
import { Chart } from "../components/charts/chart.ts";
import { axisTitle, xText } from "./axes.ts";
import { formatCount, numberText } from "../format/format.ts";
import { html } from "../framework/html.ts";
import { useMemo, useRef } from "../framework/preact.ts";
import { useNear } from "../framework/use_near.ts";
import { type Drawing, linesOf, type Run } from "./curve_lines.ts";
import type { Panel } from "./panels.ts";

/** Pixels of a chart that is not drawn yet. */
const HEIGHT = 200;

interface CurveProps {
  readonly panel: Panel;
  /** The section above it, whose name its caption does not repeat. */
  readonly section: string;
  readonly runs: readonly Run[];
  readonly drawing: Drawing;
  /** Called with a part of the axis that is chosen by dragging; without one for all of it. */
  readonly onRange: (range?: readonly [from: number, to: number]) => void;
}

export function CurveCard(props: CurveProps) {
  const { panel: { title }, section } = props;
  const { axis, smoothing } = props.drawing;
  const box = useRef<HTMLDivElement>(null);
  const [isNear, height] = useNear(box);
  const label = `${title} by ${axisTitle(axis)}${smoothing > 0 ? `, smoothed ${smoothing}` : ""}`;
  const isRepeated = section !== "" && title.startsWith(section) &&
    /^[/.]./.test(title.slice(section.length));
  const caption = isRepeated ? title.slice(section.length + 1) : title; // the controls have the axis
  return html`
    <div ref=${box} class="card">${isNear
      ? html`<${CurveChart} ...${props} label=${label} caption=${caption} />`
      : html`
        <figure class="chart" aria-label=${label} style=${{
          minBlockSize: `${height || HEIGHT}px`,
        }}>
          <figcaption class="chart-title">${breakable(caption)}</figcaption>
        </figure>
      `}</div>
  `;
}

function CurveChart({ panel, runs, drawing, onRange, label, caption }: CurveProps & {
  label: string;
  caption: string;
}) {
  const { axis, isLog, range, isCompared } = drawing;
  const { measures } = panel;
  const shown = useMemo(
    () => linesOf(panel, runs, drawing),
    [measures.join("\n"), runs, JSON.stringify(drawing)],
  );
  const { x, series, gaps, omitted, rangeY, isExactY, isBand } = shown;
  const named = series.filter(({ isFaint }) => !isFaint);
  const notes = omitted.map(([count, which]) => `${formatCount(count, "value")} ${which}`);
  return html`
    <${Chart} label=${label} caption=${caption} x=${x} xLabel=${axisTitle(axis)}
      series=${series} isLog=${isLog} isShared=${isCompared}
      range=${range}
      onRange=${onRange} rangeY=${rangeY} isExactY=${isExactY} bands=${isBand ? BANDS : undefined}
      formatX=${xText(axis)} formatY=${numberText} />
    ${isCompared && !isBand && named.length < runs.length &&
      html`<p class="muted">${
        named.length > FEW
          ? `${named.length} of ${formatCount(runs.length, "line")} are in this chart.`
          : `Only ${named.map(({ label }) => label).join(", ")}.`
      }</p>`}
    ${gaps > 0 &&
      html`<p class="muted">× marks ${formatCount(gaps, "value")} of NaN or infinity.</p>`}
    ${notes.length > 0 && html`<p class="muted">Left out: ${notes.join(", ")}.</p>`}
  `;
}

/** Lines whose names stand below a chart that lacks some of the others. */
const FEW = 3;

/** The series of the largest and the smallest values, after that of the mean. */
const BANDS = [[1, 2]] as const;
