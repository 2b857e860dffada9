// The metadata of a version: its metrics as tiles, and all keys as rows.
import { breakable } from "../../components/breakable.ts";
import { FactList, type NamedFact } from "../../components/fact_list.ts";
import { useVersionRuns } from "../../api/context.ts";
import { briefText, numberText } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import { type ComponentChildren, useState } from "../../framework/preact.ts";
import { hrefOf } from "../../framework/router.ts";
import { axesOf } from "../../curves/axes.ts";
import { columnsOf, lastOf } from "./columns.ts";
import { metadataValues, numberAt } from "./experiments.ts";
import { jsonText } from "../../format/short_number.ts";

/** Metrics that are shown above the curves. All of them are in the metadata below. */
const MOST_TILES = 8;

/**
 * Shows the measures and other results of a version, if it has some. NaN and infinities, which
 * often explain why a run failed, come first.
 */
export function MetricTiles({ metadata, notes }: {
  metadata: Readonly<Record<string, unknown>>;
  /** Shown below the names of metrics. */
  notes?: ReadonlyMap<string, string>;
}) {
  const values = metadataValues(metadata);
  const tiles = columnsOf([{ values }])
    .filter(({ role, isNumber, title }) =>
      isNumber && (role === "measure" || role === "result") && axesOf([title]).length === 0
    )
    .filter(({ key }) => lastOf(key, values) === undefined)
    .map(({ key, title }) => {
      const note = notes?.get(title) ?? bestText(key, values);
      return { key, title, note, value: numberAt({ values }, key) };
    })
    .sort((a, b) => Number(Number.isFinite(a.value)) - Number(Number.isFinite(b.value)));
  if (tiles.length === 0) return null;
  return html`
    <section class="tiles" aria-label="Metrics">${tiles.slice(0, MOST_TILES).map((
      { key, title, note, value },
    ) =>
      html`
        <div class=${Number.isFinite(value) ? "tile" : "tile tile-bad"} key=${key}>
          <${TileValue} value=${value} />
          <span class="muted">${breakable(title)}</span>
          ${note !== undefined && html`<div class="muted tile-note">${note}</div>`}
        </div>
      `
    )}</section>
  `;
}

/** Returns the best value of a curve, which metadata have beside the last one. */
function bestText(key: string, values: ReadonlyMap<string, unknown>): string | undefined {
  const word = ["min", "max"].find((word) => values.has(`${key}.${word}`));
  return word && `${word} ${briefText(numberAt({ values }, `${key}.${word}`))}`;
}

/** A number in large type with four digits. Its title has all of them. */
function TileValue({ value }: { value: number }) {
  const text = briefText(value);
  return html`
    <div class="tile-value" title=${String(value)}
      style=${{ "--characters": Math.max(8, text.length) }}>${text}</div>
  `;
}

/** Rows of a group of metadata that are shown at first. */
const FEW_ROWS = 12;

/**
 * Shows a row for each key of metadata. Members of objects, such as `params.rate`, are rows below
 * the name of the object.
 */
export function MetadataFacts({ metadata, label }: {
  metadata: Readonly<Record<string, unknown>>;
  label: string;
}) {
  const values = metadataValues(metadata);
  const groups = Map.groupBy(values, ([key]) => /^metadata\.([^.]+)\../.exec(key)?.[1] ?? "");
  if (groups.size === 0) return null;
  return html`
    <section class="stack fact-groups" aria-label=${label}>
      <h2>${label}</h2>
      ${[...groups].toSorted(([a], [b]) => Number(b === "") - Number(a === "")).map((
        [group, own],
      ) => html`<${MetadataGroup} key=${group} group=${group} own=${own} all=${values} />`)}
    </section>
  `;
}

function MetadataGroup({ group, own, all }: {
  group: string;
  own: readonly (readonly [key: string, value: unknown])[];
  all: Values;
}) {
  const [isAll, setIsAll] = useState(own.length <= FEW_ROWS + 1);
  const prefix = group === "" ? "metadata." : `metadata.${group}.`;
  const facts = (isAll ? own : own.slice(0, FEW_ROWS)).map(([key, value]): NamedFact => [
    html`<span title=${key.replace(/^metadata\./, "")}>${
      breakable(
        key.slice(prefix.length),
      )
    }</span>`,
    typeof value === "number"
      ? html`<${NumberValue} value=${value} />`
      : key === "metadata.run"
      ? html`<${RunLink} values=${all}>${jsonText(value)}<//>`
      : jsonText(value),
  ]);
  return html`
    ${group !== "" && html`<h3>${group}</h3>`}
    <${FactList} facts=${facts} isMono />
    ${!isAll && html`
      <p><button type="button" class="button button-small" onClick=${() =>
        setIsAll(true)}>Show all ${own.length} of ${group || "the keys"}</button></p>
    `}
  `;
}

type Values = ReadonlyMap<string, unknown>;

/** The run that made a version with these values, as a link if there is a view of it. */
export function RunLink({ values, children }: { values: Values; children: ComponentChildren }) {
  const [run, pipeline] = ["run", "pipeline"].map((key) => values.get(`metadata.${key}`));
  const path = useVersionRuns()?.pathOf({ run, pipeline });
  return path === undefined ? html`${children}` : html`<a href=${hrefOf(path)}>${children}</a>`;
}

/** A number with few digits. Its title has all of them. */
function NumberValue({ value }: { value: number }) {
  if (Number.isInteger(value)) return String(value);
  return html`<span title=${String(value)}>${numberText(value)}</span>`;
}
