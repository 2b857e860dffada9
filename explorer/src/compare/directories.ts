// Folders compared by file: digests decide, nothing is read.
import type { ArtifactFile } from "../artifact_file.ts";
import { formatBytes, formatNumber } from "../format/format.ts";
import { type Column, Table } from "../components/table.ts";
import { html } from "../framework/html.ts";
import type { VNode } from "../framework/preact.ts";
import { filesBelow } from "../previews/directory.ts";
import { Paged } from "../components/long_content.ts";
import { usePathHref } from "../previews/parts.ts";
import { useQuery } from "../framework/use_query.ts";
import type { FolderPairProps } from "./pair.ts";

const PAGE = 200;

export type Change = "added" | "removed" | "changed" | "same";

/** A path, and what became of it. A path that ends with `/` is an array or image of zarr. */
export interface FileChange {
  path: string;
  change: Change;
  before?: number;
  after?: number;
}

/** A file, or a folder of zarr as one. */
type Entry = Pick<ArtifactFile, "path" | "size" | "digest">;

const ZARR_DOCUMENT = /^(.+?)\/(?:zarr\.json|\.zarray|\.zgroup)$/;

/** Returns files by path. The many chunks of an outermost folder of zarr are one entry. */
function entriesOf(files: readonly ArtifactFile[], folder: string): Map<string, Entry> {
  const start = folder === "" ? "" : `${folder}/`;
  const roots = new Set(files.flatMap(({ path }) => {
    const [, root] = ZARR_DOCUMENT.exec(path.slice(start.length)) ?? [];
    return root === undefined ? [] : [`${start}${root}/`];
  }));
  const entries = new Map<string, Entry>();
  for (const file of files) {
    const root = outermost(file.path, start.length, roots);
    if (root === undefined) entries.set(file.path, file);
    else {
      const { size = 0, digest = "" } = entries.get(root) ?? {};
      const all = `${digest}${file.path} ${file.digest}\n`;
      entries.set(root, { path: root, size: size + file.size, digest: all });
    }
  }
  return entries;
}

function outermost(path: string, from: number, roots: ReadonlySet<string>): string | undefined {
  for (let at = path.indexOf("/", from); at >= 0; at = path.indexOf("/", at + 1)) {
    if (roots.has(path.slice(0, at + 1))) return path.slice(0, at + 1);
  }
}

/** Compares the files below a folder by path and digest. */
export function compareFiles(
  left: readonly ArtifactFile[],
  right: readonly ArtifactFile[],
  folder = "",
): FileChange[] {
  const before = entriesOf(filesBelow(left, folder), folder);
  const after = entriesOf(filesBelow(right, folder), folder);
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.map((path) => {
    const [old, now] = [before.get(path), after.get(path)];
    return {
      path,
      change: changeOf(old?.digest, now?.digest),
      ...old !== undefined && { before: old.size },
      ...now !== undefined && { after: now.size },
    };
  });
}

function changeOf(before: string | undefined, after: string | undefined): Change {
  if (before === undefined) return "added";
  if (after === undefined) return "removed";
  return before === after ? "same" : "changed";
}

const CHANGES: readonly Change[] = ["added", "removed", "changed", "same"];

export function DirectoryComparison({ left, right, folder }: FolderPairProps): VNode {
  const hrefOf = usePathHref();
  const [mode, setMode] = useQuery("mode", "different");
  const all = compareFiles(left.files, right.files, folder);
  const chosen = mode === "all" ? all : all.filter(({ change }) => change !== "same");
  const counts = CHANGES.map((change) => {
    return `${formatNumber(all.filter((each) => each.change === change).length)} ${change}`;
  });
  const sizeText = (size: number | undefined) => size === undefined ? "" : formatBytes(size);
  const columns: Column<FileChange>[] = [
    { title: "File", class: "key", cell: ({ path }) => html`<a href=${hrefOf(path)}>${path}</a>` },
    {
      title: "Change",
      cell: ({ change }) => html`<span class=${`change change-${change}`}>${change}</span>`,
    },
    { title: left.version, class: "number", cell: ({ before }) => sizeText(before) },
    { title: right.version, class: "number", cell: ({ after }) => sizeText(after) },
  ];
  return html`
    <p class="summary-line">${counts.join(" · ")}</p>
    <div class="fields">
      <label><input type="checkbox" checked=${mode ===
        "all"} onChange=${() =>
        setMode(mode === "all" ? "different" : "all")} /> Show equal files too</label>
    </div>
    <${Paged} items=${chosen} step=${PAGE} unit="files">${(shown: FileChange[]) =>
      html`<${Table} isPreview isScroll=${false} label="Files" rows=${shown} columns=${columns} />`}<//>
  `;
}
