// Arrays compared by statistics, and by their largest differences.
import { countElements, type NDArray } from "../../../formats/arrays/ndarray.ts";
import { openZarrArray } from "../../../formats/zarr.ts";
import type { ArtifactVersion } from "../artifact_file.ts";
import { formatNumber } from "../components/format.ts";
import { type Column, Table } from "../components/table.ts";
import { html } from "../framework/html.ts";
import type { VNode } from "../framework/preact.ts";
import { useLoaded } from "../framework/use_loaded.ts";
import {
  type ArraySource,
  type AxisRange,
  openArrayFile,
  zarrSource,
} from "../previews/arrays/array_source.ts";
import { StatisticsTable } from "../previews/arrays/array_view.ts";
import {
  elementText,
  numbersOf,
  sampleBoxes,
  type Statistics,
  statisticsOf,
} from "../previews/arrays/numbers.ts";
import { fittingLevel, openZarr, zarrFiles } from "../previews/arrays/zarr_view.ts";
import { numberText, whenLoaded } from "../previews/parts.ts";
import type { PairProps } from "./pair.ts";

/** Differences that are listed. */
const LISTED = 20;

/** An element that differs. */
export interface ElementChange {
  index: number[];
  before: string;
  after: string;
  difference: number;
}

/** Differences of two arrays of one shape. */
export interface ArrayDifference {
  isAll: boolean;
  count: number;
  different: number;
  meanDifference: number;
  largest: ElementChange[];
  left: Statistics;
  right: Statistics;
}

/** Collects the largest differences. */
class Largest {
  readonly #kept: { difference: number; at: number; box: number }[] = [];
  different = 0;
  sum = 0;
  count = 0;

  add(before: ArrayLike<number>, after: ArrayLike<number>, box: number): void {
    this.count += before.length;
    for (let i = 0; i < before.length; i++) {
      const [old, now] = [before[i]!, after[i]!];
      if (Object.is(old, now) || old === now) continue;
      const difference = now - old;
      this.different++;
      if (Number.isFinite(difference)) this.sum += Math.abs(difference);
      this.#keep({ difference, at: i, box });
    }
  }

  #keep(found: { difference: number; at: number; box: number }): void {
    const size = sizeOf(found.difference);
    const last = this.#kept.at(-1);
    if (this.#kept.length >= LISTED && last !== undefined && size <= sizeOf(last.difference)) {
      return;
    }
    const place = this.#kept.findIndex(({ difference }) => sizeOf(difference) < size);
    this.#kept.splice(place < 0 ? this.#kept.length : place, 0, found);
    if (this.#kept.length > LISTED) this.#kept.pop();
  }

  ofBox(box: number) {
    return this.#kept.filter((each) => each.box === box);
  }
}

/** A change from or to a value that is not a number is the largest. */
function sizeOf(difference: number): number {
  return Number.isNaN(difference) ? Infinity : Math.abs(difference);
}

/** Compares all elements, or those of a sample. Both arrays have one shape. */
export async function compareArrays(
  left: ArraySource,
  right: ArraySource,
  signal?: AbortSignal,
): Promise<ArrayDifference> {
  const [one, other] = [sampleBoxes(left), sampleBoxes(right)];
  const { boxes, isAll } = one.isAll ? other : one;
  const largest = new Largest();
  const pieces: [ArrayLike<number>[], ArrayLike<number>[]] = [[], []];
  const read: [NDArray, NDArray][] = [];
  for (const [i, box] of boxes.entries()) {
    const pair = await Promise.all([left.read(box, signal), right.read(box, signal)]);
    const [before, after] = pair.map(numbersOf) as [ArrayLike<number>, ArrayLike<number>];
    largest.add(before, after, i);
    pieces[0].push(before);
    pieces[1].push(after);
    read.push(pair);
  }
  const changes = boxes.flatMap((box, i) =>
    largest.ofBox(i).map(({ difference, at }) => {
      const [before, after] = read[i]!.map((array) => elementText(array, at)) as [string, string];
      return { index: indexIn(box, at), before, after, difference };
    })
  );
  return {
    isAll,
    count: largest.count,
    different: largest.different,
    meanDifference: largest.sum / largest.count,
    largest: changes.sort((a, b) => sizeOf(b.difference) - sizeOf(a.difference)),
    left: statisticsOf(pieces[0]),
    right: statisticsOf(pieces[1]),
  };
}

/** Returns the indices of an element of a box. */
function indexIn(box: readonly AxisRange[], at: number): number[] {
  let rest = at;
  return box.toReversed().map(({ start, count, step = 1 }) => {
    const index = start + (rest % count) * step;
    rest = Math.floor(rest / count);
    return index;
  }).toReversed();
}

export function ArrayFileComparison({ left, right }: PairProps): VNode {
  const open = (signal: AbortSignal) =>
    Promise.all([openArrayFile(left, signal), openArrayFile(right, signal)]);
  return html`<${Pair} open=${open} id=${`${left.digest} ${right.digest}`} names=${[
    left.ref,
    right.ref,
  ]} />`;
}

/** Zarr arrays, and images at the level that fits. */
export function ZarrComparison({ left, right, folder }: {
  left: ArtifactVersion;
  right: ArtifactVersion;
  folder: string;
}): VNode {
  const open = (signal: AbortSignal) =>
    Promise.all([left, right].map(async (version) => {
      const store = zarrFiles(version, folder);
      const array = await openZarrArray(store, "", { signal }).catch(() => undefined);
      if (array !== undefined) return zarrSource(array);
      const { levels } = await openZarr(store, false, signal);
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
  const loaded = useLoaded(async (signal) => {
    const [left, right] = await open(signal);
    if (left === undefined || right === undefined) return undefined;
    const isSameShape = left.shape.join() === right.shape.join();
    const found = isSameShape && countElements(left.shape) > 0
      ? await compareArrays(left, right, signal)
      : undefined;
    return { left, right, found };
  }, [id]);
  return whenLoaded(loaded, (pair) => {
    if (pair === undefined) return html`<p class="note">These groups are not arrays.</p>`;
    const { left, right, found } = pair;
    const describe = ({ dtype, shape }: ArraySource) =>
      `${dtype}, ${shape.join(" x ") || "a number"}`;
    return html`
      <p class="summary-line">${names[0]}: ${describe(left)} · ${names[1]}: ${describe(right)}</p>
      ${found === undefined
        ? html`<p class="note">Elements are compared only between arrays of one shape.</p>`
        : html`<${Found} found=${found} axes=${left.axes} names=${names} />`}
    `;
  });
}

function Found({ found, axes, names }: {
  found: ArrayDifference;
  axes: readonly string[];
  names: readonly string[];
}): VNode {
  const columns = [{ name: names[0], found: found.left }, { name: names[1], found: found.right }];
  const changed: Column<ElementChange>[] = [
    { title: axes.join(", "), cell: ({ index }) => index.join(", ") },
    { title: names[0]!, class: "number", cell: ({ before }) => before },
    { title: names[1]!, class: "number", cell: ({ after }) => after },
    { title: "Difference", class: "number", cell: ({ difference }) => numberText(difference) },
  ];
  const share = `${formatNumber(found.different)} of ${formatNumber(found.count)} elements differ`;
  return html`
    ${!found.isAll && html`<p class="note left-out">
      A sample of ${formatNumber(found.count)} elements, spread over the arrays, is compared.
    </p>`}
    <p>${share}, by ${numberText(found.meanDifference)} on average.</p>
    <h3>Statistics</h3>
    <${StatisticsTable} columns=${columns} />
    ${found.largest.length > 0 && html`
      <h3>Largest differences</h3>
      <${Table} isPreview label="Largest differences" rows=${found.largest} columns=${changed} />
    `}
  `;
}
