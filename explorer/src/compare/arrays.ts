// Arrays compared by their statistics.
import { useSession } from "../api/context.ts";
import { whenLoaded } from "../components/notices.ts";
import { html } from "../framework/html.ts";
import type { VNode } from "../framework/preact.ts";
import { useLoaded } from "../framework/use_loaded.ts";
import { type ArraySource, openArrayFile } from "../previews/arrays/array_source.ts";
import { StatisticsTable } from "../previews/arrays/array_view.ts";
import { sampleStatistics } from "../previews/arrays/numbers.ts";
import { fittingLevel, openZarr } from "../previews/arrays/zarr_view.ts";
import type { FolderPairProps, PairProps } from "./pair.ts";

export function ArrayFileComparison({ left, right }: PairProps): VNode {
  const open = (signal: AbortSignal) =>
    Promise.all([openArrayFile(left, signal), openArrayFile(right, signal)]);
  return html`<${Pair} open=${open} id=${`${left.digest} ${right.digest}`} names=${[
    left.ref,
    right.ref,
  ]} />`;
}

/** Zarr arrays, and images at the level that fits. */
export function ZarrComparison({ left, right, folder }: FolderPairProps): VNode {
  const { extensions } = useSession();
  const open = (signal: AbortSignal) =>
    Promise.all([left, right].map(async (version) => {
      const { levels } = await openZarr(version, folder, { extensions, signal });
      return levels[fittingLevel(levels)]?.source;
    }));
  const names = [left, right].map(({ name, version }) => `${name}@${version}`);
  const id = `${left.commit} ${right.commit} ${folder}`;
  return html`<${Pair} open=${open} id=${id} names=${names} />`;
}

function Pair({ open, id, names }: {
  open(signal: AbortSignal): Promise<(ArraySource | undefined)[]>;
  id: string;
  names: readonly string[];
}): VNode {
  const loaded = useLoaded(async (signal) =>
    await Promise.all(
      (await open(signal)).map(async (source, i) =>
        source && { name: names[i]!, source, found: await sampleStatistics(source, signal) }
      ),
    ), [id]);
  return whenLoaded(loaded, (both) => {
    const columns = both.filter((each) => each !== undefined);
    if (columns.length < 2) return html`<p class="note">These groups are not arrays.</p>`;
    return html`
      <p class="summary-line">${columns.map(({ name, source: { dtype, shape } }) =>
        `${name}: ${dtype}, ${shape.join(" x ") || "a number"}`
      ).join(" · ")}</p>
      ${!columns.every(({ found }) => found.isAll) && html`<p class="note left-out">
        The statistics are of a sample of elements, spread over the arrays.
      </p>`}
      <${StatisticsTable} columns=${columns} />
    `;
  });
}
