// Which parameters matter: keys ranked by their influence on a metric.
import { Choice } from "../../components/choice.ts";
import { formatCount, formatNumber, numberText } from "../../components/format.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { useEffect, useState } from "../../framework/preact.ts";
import { useQuery } from "../../previews/parts.ts";
import type { ExperimentColumn } from "./columns.ts";
import { type Experiment, numberAt } from "./experiments.ts";
import { Parallel } from "./parallel.ts";
import { type Influence, influenceOf } from "./influence.ts";

type Ranked = Influence & { readonly column: ExperimentColumn };

export function Parameters({ all, rows, columns, unread }: {
  all: readonly Experiment[];
  rows: readonly Experiment[];
  columns: readonly ExperimentColumn[];
  /** Keys that are read only of the newest versions. */
  unread: { keys: number; newest: number };
}) {
  const [metric, setMetric] = useQuery("metric");
  const [, setKeys] = useQuery("keys");
  const [, setX] = useQuery("x");
  const [, setColor] = useQuery("color");
  const members = columns.filter(({ key }) => key.includes("."));
  const numbers = members.filter(({ isNumber }) => isNumber);
  const target = numbers.find(({ key }) => key === metric) ??
    numbers.find(({ better }) => better !== undefined) ?? numbers[0];
  const keys = members.filter(({ key, better }) => key !== target?.key && better === undefined);
  const { ranked, axes } = useRanking(rows, keys, {
    metric: target?.key,
    isAll: rows.length >= all.length,
  });
  if (target === undefined || keys.length === 0) return null;
  const shown: Column<Ranked>[] = [
    {
      title: "Key",
      cell: ({ column: { key, title, isNumber } }) =>
        html`
          <button type="button" class="sort" onClick=${() => (isNumber ? setX : setColor)(key)}
            title="Show it in the charts">${title}</button>
        `,
    },
    {
      title: "Strength",
      cell: ({ strength }) =>
        html`<span class="meter" aria-hidden="true"><span style=${{
          inlineSize: `${100 * strength}%`,
        }}></span></span> ${Math.round(100 * strength)} %`,
    },
    {
      title: "Value",
      class: "number",
      cell: ({ value, words }) => words ? numberText(value) : value.toFixed(2),
    },
    {
      title: "Measure",
      cell: ({ measure, words, best, strength }) =>
        words
          ? `${measure}: ${words.map(([word, mean]) => `${word} ${numberText(mean)}`).join(", ")}`
          : `Spearman's ${measure}${best && strength > 0.1 ? `; highest ${best}` : ""}`,
    },
    { title: "Versions", class: "number", cell: ({ versions }) => formatNumber(versions) },
  ];
  return html`
    <section class="stack" aria-label="Parameters">
      <div class="fields">
        <h2>Which parameters matter</h2>
        <${Choice} label="for" value=${target.key} change=${setMetric}
          options=${numbers.map(({ key, title }) => [key, title])} />
      </div>
      ${ranked?.length === 0
        ? html`<p class="muted">No key differs among at least three versions with this metric.</p>`
        : ranked && html`
          <${Table} label="Parameters" rows=${ranked} columns=${shown}
            keyOf=${({ column }: Ranked) => column.key} />
        `}
      ${unread.keys > 0 && html`
        <p class="note">${formatCount(unread.keys, "key")} ${unread.keys === 1
          ? "is"
          : "are"} ranked over the newest ${formatNumber(unread.newest)} versions only.
          <button type="button" class="button button-small" onClick=${() => setKeys("all")}>Read all
            versions</button></p>
      `}
      <p class="muted">A rank correlation is 1 if the metric rises whenever the key does, and -1 if
        it falls. Other metrics are left out. None of these values shows a cause.</p>
    </section>
    <${Parallel} all=${all} rows=${rows} columns=${members}
      usual=${[...axes, target.key]} metric=${target} />
  `;
}

/** Ranks keys, one at a time. Axes stay while bounds on them filter the rows. */
function useRanking(
  rows: readonly Experiment[],
  keys: readonly ExperimentColumn[],
  { metric, isAll }: { metric?: string; isAll: boolean },
): { ranked?: readonly Ranked[]; axes: readonly string[] } {
  const [ranked, setRanked] = useState<readonly Ranked[]>();
  const [axes, setAxes] = useState({ of: "", keys: [] as readonly string[] });
  useEffect(() => {
    let gone = false;
    const rank = async (found: Ranked[], metric: string) => {
      for (const column of keys) {
        await new Promise((resolve) => setTimeout(resolve)); // the page stays smooth
        if (gone) return;
        const { key, isNumber } = column;
        const pairs = rows.map((
          row,
        ): [unknown, unknown] => [
          isNumber ? numberAt(row, key) : row.values.get(key),
          numberAt(row, metric),
        ]);
        const influence = influenceOf(pairs, isNumber);
        if (influence) found.push({ column, ...influence });
      }
      setRanked(found.sort((a, b) => b.strength - a.strength));
      const top = { of: metric, keys: found.slice(0, 4).map(({ column }) => column.key) };
      setAxes((old) => !isAll && old.of === metric && old.keys[0] ? old : top);
    };
    if (metric !== undefined) void rank([], metric);
    return () => void (gone = true);
  }, [rows, metric, keys.map(({ key }) => key).join()]);
  return { ranked, axes: axes.keys };
}
