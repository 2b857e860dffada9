// The metadata of a version: its metrics as tiles, and all keys as rows.
import type { NamedFact } from "../../components/fact_list.ts";
import { useSession } from "../../api/context.ts";
import { briefText, numberText } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import { axesOf } from "../../curves/axes.ts";
import { columnsOf, lastOf } from "./columns.ts";
import { metadataValues, numberAt, runHref } from "./experiments.ts";
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
          <span class="muted">${title}</span>
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

/** Returns a row for each key, with members of objects on rows of their own. */
export function metadataFacts(metadata: Readonly<Record<string, unknown>>): NamedFact[] {
  const values = metadataValues(metadata);
  const run = runHref(values);
  return [...values].map(([key, value]) => [
    key.replace(/^metadata\./, ""),
    typeof value === "number"
      ? html`<${NumberValue} value=${value} />`
      : key === "metadata.run" && run !== undefined
      ? html`<${RunLink} run=${value} href=${run} />`
      : jsonText(value),
  ]);
}

/** The run of a pipeline. A site has no page of it. */
export function RunLink({ run, href }: { run: string; href: string }) {
  return useSession().service.isSite ? run : html`<a href=${href}>${run}</a>`;
}

/** A number with few digits. Its title has all of them. */
function NumberValue({ value }: { value: number }) {
  if (Number.isInteger(value)) return String(value);
  return html`<span title=${String(value)}>${numberText(value)}</span>`;
}
