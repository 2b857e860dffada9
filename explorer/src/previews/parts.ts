// Parts of previews and comparisons: loading, notes on what is left out, addresses of paths.
import type { ArtifactFile } from "../artifact_file.ts";
import { shellWord } from "../components/copy_box.ts";
import { html } from "../framework/html.ts";
import type { ComponentChildren, VNode } from "../framework/preact.ts";
import { hrefOf, usePlace } from "../framework/router.ts";
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
