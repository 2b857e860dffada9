// The metadata of a version: its metrics as tiles, and all keys as rows.
import type { NamedFact } from "../../components/fact_list.ts";
import { useSession } from "../../api/context.ts";
import { numberText } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import { axesOf } from "../../curves/axes.ts";
import { columnsOf } from "./columns.ts";
import { metadataValues, numberAt, runHref } from "./experiments.ts";
import { jsonText } from "../../format/short_number.ts";

/** Metrics that are shown above the curves. All of them are in the metadata below. */
const MOST_TILES = 8;

/** Shows the measures and other results of a version, if it has some. */
export function MetricTiles({ metadata }: { metadata: Readonly<Record<string, unknown>> }) {
  const values = metadataValues(metadata);
  const tiles = columnsOf([{ values }])
    .filter(({ role, isNumber, title }) =>
      isNumber && (role === "measure" || role === "result") && axesOf([title]).length === 0
    );
  if (tiles.length === 0) return null;
  return html`
    <section class="tiles" aria-label="Metrics">${tiles.slice(0, MOST_TILES).map((
      { key, title },
    ) =>
      html`
        <div class="tile" key=${key}>
          <div class="tile-value">
            <${NumberValue} value=${numberAt({ values }, key)} />
          </div>
          <span class="muted">${title}</span>
        </div>
      `
    )}</section>
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
