// The statistics of a column, below its title.
import { formatNumber } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import type { ColumnStatistics } from "./column_statistics.ts";

/** A histogram of numbers and dates, the most frequent words, and counts. */
export function ColumnHead({ name, of }: { name: string; of?: ColumnStatistics }): VNode {
  if (of === undefined) return html`<span class="statistics"></span>`; // the place for them
  const { missing, distinct, min, max, mean, bins = [], top = [] } = of;
  const isRange = top.length === 0 && min !== undefined;
  const most = Math.max(...bins);
  const share = (count: number) => ({ backgroundSize: `${100 * count / top[0]!.count}% 100%` });
  return html`
    <span class="statistics">
      ${bins.length > 0 && html`
        <svg class="bins" viewBox=${`0 0 ${bins.length} 1`} preserveAspectRatio="none" role="img"
          aria-label=${`Histogram of ${name}`}>${bins.map((count, i) =>
            html`<rect x=${i} y=${1 - count / most} width="0.9" height=${count / most} />`
          )}</svg>
      `}
      ${isRange && html`<span>${min === max ? cut(min) : `${cut(min)} to ${cut(max!)}`}</span>`}
      ${mean !== undefined && html`<span>mean ${mean}</span>`}
      ${top.map(({ value, count }) =>
        html`<span class="top" style=${share(count)}>${cut(value)} (${formatNumber(count)})</span>`
      )}
      <span>${formatNumber(missing)} missing · ${distinct === undefined
        ? "over 1,000"
        : formatNumber(distinct)} distinct</span>
    </span>
  `;
}

const cut = (text: string) => text.length > 40 ? `${text.slice(0, 40)}…` : text || '""';
