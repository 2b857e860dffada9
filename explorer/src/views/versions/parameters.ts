// Which parameters matter: keys ranked by their influence on a metric.
import { Choice } from "../../components/choice.ts";
import { cutText, formatCount, formatNumber, numberText } from "../../format/format.ts";
import { Loading } from "../../components/notices.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { useEffect, useMemo, useState } from "../../framework/preact.ts";
import { useQuery } from "../../framework/use_query.ts";
import type { ExperimentColumn } from "./columns.ts";
import { type Experiment, numberAt } from "./experiments.ts";
import { Parallel } from "./parallel.ts";
import { type Influence, influenceOf } from "./influence.ts";

/** The fewest versions that rank a key, and keys without a rank that are named. */
const LEAST = 3, MOST_NAMED = 12;

type Ranked = Influence & { readonly column: ExperimentColumn };

interface Ranking {
  /** The strongest first; absent until all keys are ranked. */
  readonly ranked?: readonly Ranked[];
  /** Numbers of the keys and versions that were ranked. */
  readonly of: { readonly keys: number; readonly versions: number };
  /** The keys that have no rank, by the reason. */
  readonly unranked: ReadonlyMap<string, readonly ExperimentColumn[]>;
  /** The keys of the first axes. */
  readonly axes: readonly string[];
}

export function Parameters({ all, rows, columns, unread }: {
  all: readonly Experiment[];
  rows: readonly Experiment[];
  columns: readonly ExperimentColumn[];
  /** Keys that are read only of the newest versions, and the number of these. */
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
  const keys = members.filter(({ key }) => key !== target?.key);
  const read = useMemo(() => {
    const newest = new Set(unread.keys > 0 ? all.slice(0, unread.newest) : all);
    return rows.filter((row) => newest.has(row));
  }, [rows, all, unread.keys, unread.newest]);
  const { ranked, of, unranked, axes } = useRanking(read, keys, {
    metric: target?.key,
    isAll: rows.length >= all.length,
  });
  if (target === undefined || keys.length === 0) return null;
  const parameters = ranked?.filter(({ column }) => !isResult(column)) ?? [];
  const results = ranked?.filter(({ column }) => isResult(column)) ?? [];
  const shown = rankColumns((key, isNumber) => (isNumber ? setX : setColor)(key));
  return html`
    <section class="stack" aria-label="Which parameters matter">
      <div class="fields">
        <h2>Which parameters matter</h2>
        <${Choice} label="for" value=${target.key} change=${setMetric}
          options=${numbers.map(({ key, title }) => [key, title])} />
      </div>
      ${ranked === undefined && html`<${Loading} what="Ranking keys" />`}
      ${ranked && html`
        <p class="muted" role="status">${ranked.length} of ${formatCount(
          of.keys,
          "key",
        )} ranked, over ${formatCount(of.versions, "version")}.</p>
      `}
      ${ranked?.length === 0 &&
        html`<p class="muted">No key differs among at least three versions with this metric.</p>`}
      ${parameters.length > 0 && html`
        <${Table} label="Parameters" rows=${parameters} columns=${shown} keyOf=${keyOf} isScroll />
      `}
      ${results.length > 0 && html`
        <h3>Results that change with ${target.title}</h3>
        <${Table} label="Results" rows=${results} columns=${shown} keyOf=${keyOf} isScroll />
      `}
      ${read.length >= LEAST &&
        [...unranked].map(([reason, columns]) =>
          html`<p class="muted">Not ranked, because ${reason}: ${
            columns.slice(0, MOST_NAMED).map(({ title }) => title).join(", ")
          }${columns.length > MOST_NAMED && ` and ${columns.length - MOST_NAMED} more`}.</p>`
        )}
      ${unread.keys > 0 && html`
        <p
          class="note">Of older versions, ${formatCount(unread.keys, "key")} ${unread.keys === 1
            ? "is"
            : "are"} not read: the newest ${formatNumber(unread.newest)} are ranked.
          <button type="button" class="button button-small" onClick=${() => setKeys("all")}>Read all
            versions</button></p>
      `}
      <p class="muted">A rank correlation is 1 if the metric rises whenever the key does, and -1 if
        it falls. Keys are gray if chance explains as much: 1 % of shuffled metrics are stronger.
        None of these values shows a cause.</p>
    </section>
    ${ranked && html`
      <${Parallel} all=${all} rows=${rows} columns=${members}
        usual=${[...axes, target.key]} metric=${target} />
    `}
  `;
}

/** Returns the columns of a ranking. What chance explains is gray. `choose` shows a key in the charts. */
function rankColumns(choose: (key: string, isNumber: boolean) => void): Column<Ranked>[] {
  const columns: Column<Ranked>[] = [
    {
      title: "Key",
      cell: ({ column: { key, title, isNumber } }) =>
        html`
          <button type="button" class="sort" onClick=${() => choose(key, isNumber)}
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
      cell: ({ measure, words, best, strength, chance }) =>
        words
          ? `${measure}: ${
            words.map(([word, mean]) => `${cutText(word)} ${numberText(mean)}`).join(", ")
          }`
          : `Spearman's ${measure}${best && strength > chance ? `; highest ${best}` : ""}`,
    },
    { title: "Versions", class: "number", cell: ({ versions }) => formatNumber(versions) },
    {
      title: "By chance",
      class: "number",
      cell: ({ chance }) => `up to ${Math.round(100 * chance)} %`,
    },
  ];
  return columns.map((column): Column<Ranked> => ({
    ...column,
    class: (row) => `${column.class ?? ""}${isChance(row) ? " muted" : ""}`,
    heading: column.class === "number" ? "number" : undefined,
  }));
}

const keyOf = ({ column }: Ranked) => column.key;

/** True for an influence that shuffled metrics have, too. */
function isChance({ strength, chance }: Influence): boolean {
  return strength <= chance;
}

function isResult({ role }: ExperimentColumn): boolean {
  return role === "measure" || role === "result";
}

/** Ranks keys, one at a time. Axes stay while bounds on them filter the rows. */
function useRanking(
  rows: readonly Experiment[],
  keys: readonly ExperimentColumn[],
  { metric, isAll }: { metric?: string; isAll: boolean },
): Ranking {
  const [ranking, setRanking] = useState<Omit<Ranking, "axes">>({
    of: { keys: 0, versions: 0 },
    unranked: new Map(),
  });
  const [axes, setAxes] = useState({ of: "", keys: [] as readonly string[] });
  useEffect(() => {
    let gone = false;
    const rank = async (ranked: Ranked[], metric: string) => {
      const metrics = rows.map((row) => numberAt(row, metric));
      const others: { column: ExperimentColumn; reason: string }[] = [];
      for (const column of keys) {
        await new Promise((resolve) => setTimeout(resolve)); // the page stays smooth
        if (gone) return;
        const pairs = pairsOf(rows, column, metrics);
        const influence = influenceOf(pairs, column.isNumber);
        if (influence) ranked.push({ column, ...influence });
        else others.push({ column, reason: reasonOf(pairs, column.isNumber) });
      }
      ranked.sort((a, b) => Number(isChance(a)) - Number(isChance(b)) || b.strength - a.strength);
      const unranked = Map.groupBy(others, ({ reason }) => reason).entries()
        .map(([reason, own]) => [reason, own.map(({ column }) => column)] as const);
      const of = { keys: keys.length, versions: rows.length };
      setRanking({ ranked, of, unranked: new Map(unranked) });
      const first = ranked.filter(({ column }) => !isResult(column)).slice(0, 4).map(keyOf);
      const top = { of: metric, keys: first };
      setAxes((old) => !isAll && old.of === metric && old.keys[0] ? old : top);
    };
    if (metric !== undefined) void rank([], metric);
    return () => void (gone = true);
  }, [rows, metric, keys.map(({ key }) => key).join()]);
  return { ...ranking, axes: axes.keys };
}

function pairsOf(
  rows: readonly Experiment[],
  { key, isNumber }: ExperimentColumn,
  metrics: readonly number[],
): [unknown, number][] {
  return metrics.map((metric, i) => {
    const row = rows[i]!;
    return [isNumber ? numberAt(row, key) : row.values.get(key), metric];
  });
}

/** Returns why a key has no influence that can be measured. */
export function reasonOf(
  pairs: readonly (readonly [value: unknown, metric: unknown])[],
  isNumber: boolean,
): string {
  const both = pairs.filter(([value, metric]) =>
    (isNumber ? Number.isFinite(value) : value !== undefined && value !== "") &&
    Number.isFinite(metric)
  );
  const values = new Set(both.map(([value]) => value));
  if (both.length < LEAST) return "fewer than three versions have it";
  if (values.size === 1) return "it is the same in all versions";
  return isNumber ? "the metric is the same in all versions" : "too few versions share a value";
}
