// The charts of curves in their sections, and the controls that all of them share.
import { SharedLegend } from "../components/charts/shared_legend.ts";
import { Choice } from "../components/choice.ts";
import { onValue } from "../components/field.ts";
import { formatCount, formatNumber } from "../format/format.ts";
import { html } from "../framework/html.ts";
import { useMemo } from "../framework/preact.ts";
import { joinValues, splitValues } from "../framework/router.ts";
import { useQueries, useQuery } from "../framework/use_query.ts";
import { axesOf, axisTitle, xText } from "./axes.ts";
import { CurveCard } from "./curve_card.ts";
import type { Drawing, Run } from "./curve_lines.ts";
import { type Panel, panelsOf, panelsWith, type Section, sectionsOf, SYSTEM } from "./panels.ts";
import { ValuesTable } from "./values_table.ts";

/** Charts of each section that are shown at first: two rows. */
const FEW = 6;
/** The first sections are open at first, until they show so many charts. */
const MOST_OPEN = 12;

/** A chart for each measure of the runs, or for some measures of one run. */
export function Panels({ runs, isCompared }: { runs: readonly Run[]; isCompared: boolean }) {
  const [query, change] = useQueries();
  const names = [...new Set(runs.flatMap(({ columns }) => [...columns.keys()]))];
  const steps = axesOf(names);
  const axes = [...steps, ...names.filter((name) => !steps.includes(name))];
  const axis = axes.find((name) => name === query.by) ?? axes[0] ?? "";
  const ends = useMemo(() => endsOf(runs, axis), [runs, axis]);
  const drawing = drawingOf(query, { axis, isCompared, ends });
  const without = runs.filter(({ columns }) => !columns.has(axis)).map(({ label }) => label);
  const measures = names.filter((name) => name !== axis && !steps.includes(name));
  const all = panelsOf(measures, isCompared);
  const found = panelsWith(all, query.find ?? "");
  const onRange = (range?: Drawing["range"]) =>
    change({ from: range && shortText(range[0], range), to: range && shortText(range[1], range) });
  const hidden = useMemo(() => splitValues(query.hidden), [query.hidden]);
  const shown = useMemo(() => runs.filter(({ label }) => !hidden.includes(label)), [runs, hidden]);
  return html`
    <${Controls} axes=${axes} drawing=${drawing} count=${[found.length, all.length]} />
    ${isCompared && html`
      <${SharedLegend} lines=${runs} hidden=${hidden} isBand=${drawing.isBand}
        change=${(hidden: readonly string[]) => change({ hidden: joinValues(hidden) })} />
    `}
    ${runs.filter(({ isAll }) => !isAll).map(({ label, rows, problem }) =>
      html`<p class="note">${label}: the first ${formatNumber(rows)} rows are drawn${
        problem === undefined ? "" : `. ${problem}`
      }.</p>`
    )}
    ${runs.filter(({ moreColumns }) => moreColumns > 0).map(({ label, moreColumns }) =>
      html`<p class="note">${label}: ${formatCount(moreColumns, "more column")} not drawn.</p>`
    )}
    ${without.length > 0 && html`
      <p class="note">${without.join(", ")}: no <code>${axisTitle(axis)}</code>, so no lines.
        Choose an axis that all of them have.</p>
    `}
    ${query.by !== undefined && query.by !== axis && html`
      <p class="note">No curve has the column <code>${query.by}</code>.</p>
    `}
    ${query.values === "table" && html`
      <${ValuesTable} runs=${shown} drawing=${drawing}
        measures=${found.flatMap(({ measures }) => measures)} />
    `}
    <${Sections} sections=${shown.length > 0 ? sectionsOf(found) : []} count=${found.length}
      isSearch=${found.length < all.length} card=${(panel: Panel, section: string) =>
        html`
          <${CurveCard} key=${panel.title} panel=${panel} section=${section} runs=${shown}
            drawing=${drawing}
            onRange=${onRange} />
        `} />
  `;
}

function drawingOf(
  { smooth, log, from, to, low, high, outliers, lines }: Readonly<Record<string, string>>,
  { axis, isCompared, ends: [start, end] }: Pick<Drawing, "axis" | "isCompared"> & {
    ends: NonNullable<Drawing["range"]>;
  },
): Drawing {
  const [first, last] = [boundOf(from, start), boundOf(to, end)];
  const isZoomed = from !== undefined || to !== undefined;
  return {
    axis,
    isCompared,
    smoothing: Math.min(Math.max(Number(smooth) || 0, 0), 0.99),
    isLog: log !== undefined,
    ...isZoomed && first < last && { range: [first, last] },
    ...(low !== undefined || high !== undefined) && {
      limits: { low: boundOf(low, undefined), high: boundOf(high, undefined) },
    },
    hidesOutliers: outliers === "hidden",
    isBand: lines === "band",
  };
}

/** Returns a bound of the address; `end` without one, or if it is not a number. */
function boundOf<End>(text: string | undefined, end: End): number | End {
  const bound = Number(text);
  return Number.isNaN(bound) ? end : bound;
}

/** Returns the smallest and the largest value of an axis. */
function endsOf(runs: readonly Run[], axis: string): NonNullable<Drawing["range"]> {
  let [start, end] = [Infinity, -Infinity];
  for (const { columns } of runs) {
    for (const value of columns.get(axis)?.values ?? []) {
      if (!Number.isFinite(value)) continue;
      start = Math.min(start, value);
      end = Math.max(end, value);
    }
  }
  return [start, end];
}

/** Returns a bound with as many digits as the range needs. */
function shortText(bound: number, [from, to]: NonNullable<Drawing["range"]>): string {
  const digits = Math.ceil(3 - Math.log10(to - from));
  return String(digits > 0 ? Number(bound.toFixed(Math.min(digits, 100))) : Math.round(bound));
}

function Controls({ axes, drawing, count: [found, all] }: {
  axes: readonly string[];
  drawing: Drawing;
  count: readonly [found: number, all: number];
}) {
  const [query, change] = useQueries();
  const [find, setFind] = useQuery("find");
  const [, setSmooth] = useQuery("smooth", "0");
  const { axis, smoothing, isCompared } = drawing;
  const isZoomed = query.from !== undefined || query.to !== undefined;
  const { low, high } = drawing.limits ?? {};
  const isTurned = low !== undefined && high !== undefined && low >= high;
  const reset = () => change({ from: undefined, to: undefined, low: undefined, high: undefined });
  const toggle = (key: string, value: string, label: string) =>
    html`
      <label
        class="check"><input type="checkbox" checked=${query[key] === value} onChange=${() =>
          change({ [key]: query[key] === value ? undefined : value })} /> ${label}</label>
    `;
  return html`
    <div class="fields">
      ${all > FEW && html`
        <label class="grow">Find charts
          <input type="search" value=${find} onInput=${onValue(setFind)} placeholder="val loss"
            spellcheck=${false} autocomplete="off" /></label>
      `}
      <${Choice} label="by" value=${axis} change=${(by: string) =>
        change({ by: by === axes[0] ? undefined : by, from: undefined, to: undefined })}
        options=${axes.map((name) => [name, axisTitle(name)])} />
      <label>Smoothing <input type="range" min="0" max="0.99" step="0.01" value=${smoothing}
        onChange=${onValue(setSmooth)} /> <output>${smoothing}</output></label>
      ${toggle("log", "y", "Log axis")}
      ${toggle("outliers", "hidden", "Hide outliers")}
      ${isCompared && toggle("lines", "band", "Mean and range")}
      ${toggle("values", "table", "Table of values")}
      <${Zoom} drawing=${drawing} />
      ${(isZoomed || drawing.limits) && html`
        <button type="button" class="button" onClick=${reset}>Reset zoom</button>
      `}
      <span class="muted" role="status">${find === ""
        ? ""
        : `${found} of ${formatCount(all, "chart")}. `}${isZoomed &&
        zoomText(drawing)}${isTurned &&
        " The limits of values are not in order: all are shown."}</span>
    </div>
  `;
}

function zoomText({ axis, range }: Drawing): string {
  if (range === undefined) return "All is shown, because the curves have nothing in this range.";
  const [from, to] = range.map(xText(axis));
  return `All charts show ${axisTitle(axis)} ${from} to ${to}.`;
}

/** The range of the axis and of the values as fields. */
function Zoom({ drawing: { axis } }: { drawing: Drawing }) {
  const [from, setFrom] = useQuery("from");
  const [to, setTo] = useQuery("to");
  const [low, setLow] = useQuery("low");
  const [high, setHigh] = useQuery("high");
  const field = (
    [label, name]: readonly [label: string, name: string],
    value: string,
    set: (value: string) => void,
  ) =>
    html`
      <label class="field">${label} <input type="number" step="any" class="bound" value=${value}
        aria-label=${name} onInput=${onValue(set)} /></label>
    `;
  const title = axisTitle(axis);
  return html`
    <span class="row">${field(["from", `from ${title}`], from, setFrom)}${field(
      ["to", `to ${title}`],
      to,
      setTo,
    )}</span>
    <span class="row">${field(["values", "least value"], low, setLow)}${field(
      ["to", "greatest value"],
      high,
      setHigh,
    )}</span>
  `;
}

/** The charts of each section, of which long ones show a part. The address has which are open. */
function Sections({ sections, count, isSearch, card }: {
  sections: readonly Section[];
  count: number;
  isSearch: boolean;
  card: (panel: Panel, section: string) => unknown;
}) {
  const [charts] = useQuery("charts"); // of earlier addresses
  const [panels, setPanels] = useQuery("panels");
  const [toggled, setToggled] = useQuery("sections");
  const isAll = isSearch || panels === "all" || charts === "all";
  const changed = useMemo(() => splitValues(toggled), [toggled]);
  const shownOf = ({ panels }: Section) =>
    isAll || count <= MOST_OPEN ? panels : panels.slice(0, FEW);
  const isOpen = ({ title }: Section, at: number) => {
    const before = sections.slice(0, at + 1).reduce((sum, each) => sum + shownOf(each).length, 0);
    const isEarly = title !== SYSTEM && (at === 0 || before <= MOST_OPEN);
    return isAll || isEarly !== changed.includes(title);
  };
  const isCut = sections.some((section, at) =>
    !isOpen(section, at) || shownOf(section).length < section.panels.length
  );
  const grid = (section: Section) =>
    html`
      <div class="charts">
        <div class="charts-grid">${shownOf(section).map((panel) =>
          card(panel, section.title)
        )}</div>
      </div>
    `;
  const toggle = (title: string) =>
    setToggled(joinValues(
      changed.includes(title) ? changed.filter((each) => each !== title) : [...changed, title],
    ));
  const nameOf = ({ title }: Section) => title === SYSTEM ? "System metrics" : title;
  const isAlone = sections.length === 1 && sections[0]?.title !== SYSTEM;
  return html`
    ${sections.map((section, at) =>
      isAlone ? grid(section) : html`
        <section class="stack" key=${section.title} aria-label=${nameOf(section) || "Other charts"}>
          <h3><button type="button" class="fold" aria-expanded=${isOpen(section, at)}
            disabled=${isAll} onClick=${() => toggle(section.title)}>${nameOf(section) ||
              "Charts"} <span class="muted">${section.panels.length}</span></button></h3>
          ${isOpen(section, at) && grid(section)}
        </section>
      `
    )}
    ${isCut &&
      html`<p><button type="button" class="button" onClick=${() =>
        setPanels("all")}>Show all ${count} charts</button></p>`}
  `;
}
