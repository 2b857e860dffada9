// The files of a version as a tree.
import type { ArtifactFile } from "../../artifact_file.ts";
import { formatBytes } from "../../components/format.ts";
import { Tree, type TreeNode } from "../../components/tree.ts";
import { html } from "../../framework/html.ts";
import { useMemo } from "../../framework/preact.ts";

interface Entry {
  readonly label: string;
  readonly path: string;
  readonly size?: number;
}

export function FileTree(
  { files, current, open }: {
    files: readonly ArtifactFile[];
    current?: string;
    open: (path: string) => void;
  },
) {
  const nodes = useMemo(() => fileNodes(files), [files]);
  const opened = useMemo(() => foldersOf(current ?? ""), []);
  return html`
    <${Tree} label="Files" nodes=${nodes} rowHeight=${28} opened=${opened}
      current=${current}
      onOpen=${({ value }: TreeNode<Entry>) => open(value.path)}
      row=${({ value: { label, path, size } }: TreeNode<Entry>) =>
        html`<span class="tree-label grow" aria-current=${path === current ? "true" : undefined}>${
          path === current ? html`<strong>${label}</strong>` : label
        }</span>${size !== undefined && html`<span class="cell">${formatBytes(size)}</span>`}`} />
  `;
}

export function fileNodes(
  files: readonly Pick<ArtifactFile, "path" | "size">[],
  prefix = "",
): TreeNode<Entry>[] {
  const folders = Map.groupBy(files, ({ path }) => {
    const end = path.indexOf("/", prefix.length);
    return end < 0 ? path : path.slice(0, end + 1);
  });
  return [...folders].map(([path, inside]) => {
    const label = path.slice(prefix.length);
    if (!path.endsWith("/")) return { key: path, value: { label, path, size: inside[0]!.size } };
    let children: TreeNode<Entry>[] | undefined;
    return {
      key: path,
      value: { label, path },
      children: () => children ??= fileNodes(inside, path),
    };
  });
}

function foldersOf(path: string): string[] {
  return [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1));
}
