// Parts of previews and comparisons: sentences, steps through long content, states of loading.
import type { ArtifactFile } from "../artifact_file.ts";
import { shellWord } from "../components/copy_box.ts";
import { formatCount, formatNumber } from "../components/format.ts";
import { html } from "../framework/html.ts";
import { type ComponentChildren, useState, type VNode } from "../framework/preact.ts";
import { hrefOf, openPlace, usePlace } from "../framework/router.ts";
import { type Loaded, useLoaded } from "../framework/use_loaded.ts";

/** A file, or a folder that is shown as one. */
export type ShownFile = Pick<ArtifactFile, "ref" | "path"> & { readonly isFolder?: boolean };

/** The command that writes all of a file to standard output, or a folder to the disk. */
export function catCommand({ ref, path, isFolder }: ShownFile): string {
  const word = shellWord(ref);
  return isFolder ? `holdfast download ${word} ./here` : `holdfast cat ${word} ${shellWord(path)}`;
}

/** A sentence about what is left out, and the command that gets all of it. */
export function LeftOut(
  { file, children }: { file: ShownFile; children?: ComponentChildren },
): VNode {
  return html`
    <p class="note left-out">${children} To get all of it: <code>${catCommand(file)}</code></p>
  `;
}

/** Loads something from files, and again when there are other files. */
export function useFiles<T>(
  load: (signal: AbortSignal) => Promise<T>,
  ...files: readonly ArtifactFile[]
): Loaded<T> {
  return useLoaded(load, files.map(({ ref, path, digest }) => [ref, path, digest]));
}

/** A value in the query of the address, so that the view has a URL. */
export function useQuery(key: string, usual = ""): [string, (value: string) => void] {
  const { path, query } = usePlace();
  const set = (value: string) => {
    const changed = { ...query, [key]: value === usual ? undefined : value };
    openPlace(hrefOf(path, changed), { replace: true });
  };
  return [query[key] ?? usual, set];
}

/** A whole number in the query, from 0. */
export function useQueryNumber(key: string, usual = 0): [number, (value: number) => void] {
  const [text, set] = useQuery(key, String(usual));
  const value = Number(text);
  return [Number.isSafeInteger(value) && value >= 0 ? value : usual, (next) => set(String(next))];
}

/** Keys of the query that belong to one preview, not to the next file. */
const OF_PREVIEW = "at axes channels level row from sort filter column key mode".split(" ");

/**
 * Returns a function that makes the address of a path, in the version or comparison shown. The page
 * of a name shows a version that is given.
 */
export function usePathHref(
  version?: { readonly name: string; readonly version: string },
): (path: string) => string {
  const { path: place, query } = usePlace();
  if (version !== undefined && place.length < 3) {
    return (path) => hrefOf(["artifacts", version.name, version.version], { path });
  }
  const others = Object.entries(query).filter(([key]) => !OF_PREVIEW.includes(key));
  return (path) => hrefOf(place, { ...Object.fromEntries(others), path });
}

/** Buttons to go through long content in steps. Without a total, `isEnd` ends it. */
export function Steps({ from, step, shown, total, isEnd, unit, go }: {
  from: number;
  step: number;
  shown: number;
  total?: number;
  isEnd?: boolean;
  unit: string;
  go(from: number): void;
}): VNode | null {
  const last = from + shown;
  const ended = total === undefined ? isEnd === true : last >= total;
  if (from === 0 && ended) return null;
  const of = total === undefined
    ? (ended ? ` of ${formatNumber(last)}` : "")
    : ` of ${formatNumber(total)}`;
  const range = shown === 0
    ? `No ${unit}`
    : `${unit} ${formatNumber(from)} to ${formatNumber(last - 1)}`;
  return html`
    <div class="steps" role="group" aria-label=${`Steps through ${unit}`}>
      <button type="button" class="button button-small" disabled=${from === 0}
        onClick=${() => go(0)}>First</button>
      <button type="button" class="button button-small" disabled=${from === 0} onClick=${() =>
        go(Math.max(0, from - step))}>
        Previous
      </button>
      <span aria-live="polite">${range}${of}</span>
      <button type="button" class="button button-small" disabled=${ended}
        onClick=${() => go(from + step)}>Next</button>
    </div>
  `;
}

/** A page of a list, with steps through it if there are more. The query has the place. */
export function Paged<T>({ items, step, unit, children }: {
  items: readonly T[];
  step: number;
  unit: string;
  children: (shown: readonly T[]) => ComponentChildren;
}): VNode {
  const [from, setFrom] = useQueryNumber("row");
  if (items.length === 0) return html`<p class="note">No ${unit} to show.</p>`;
  const start = from < items.length ? from : 0;
  const shown = items.slice(start, start + step);
  return html`
    ${children(shown)}
    <${Steps} from=${start} step=${step} shown=${shown.length} total=${items.length}
      unit=${unit} go=${setFrom} />
  `;
}

/** Returns how many items of a long list are shown, and a button that shows more. */
export function useMore(count: number, step: number, noun: string): [number, VNode | false] {
  const [shown, setShown] = useState(step);
  const button = shown < count && html`
    <button type="button" class="button button-small" onClick=${() => setShown(shown + step)}>
      Show more of ${formatCount(count - shown, noun)}
    </button>
  `;
  return [shown, button];
}

/** A region that scrolls by itself, also with the keyboard. */
export function Scroll(
  { label, children }: { label: string; children?: ComponentChildren },
): VNode {
  return html`
    <div class="scroll table-wrap" role="region" aria-label=${label} tabindex="0">${children}</div>
  `;
}
