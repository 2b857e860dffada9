// The files of a version as a tree.
import type { ArtifactFile } from "../../artifact_file.ts";
import { formatBytes } from "../../components/format.ts";
import { Tree, type TreeNode } from "../../components/tree.ts";
import { html } from "../../framework/html.ts";
import { useMemo } from "../../framework/preact.ts";
import { type DirectoryEntry, entriesOf } from "../../previews/directory.ts";

export function FileTree(
  { files, current, open }: {
    files: readonly ArtifactFile[];
    current?: string;
    open: (path: string) => void;
  },
) {
  const nodes = useMemo(() => fileNodes(files, ""), [files]);
  const opened = useMemo(() => foldersOf(current ?? ""), []);
  return html`
    <${Tree} label="Files" nodes=${nodes} rowHeight=${28} opened=${opened}
      current=${current}
      onOpen=${({ value }: TreeNode<DirectoryEntry>) => open(value.path)}
      row=${({ value: { name, path, size } }: TreeNode<DirectoryEntry>) =>
        html`
          <span class="tree-label grow" aria-current=${path === current
            ? "true"
            : undefined}>${path === current ? html`<strong>${name}</strong>` : name}</span><span
            class="cell">${formatBytes(size)}</span>
        `} />
  `;
}

function fileNodes(files: readonly ArtifactFile[], folder: string): TreeNode<DirectoryEntry>[] {
  return entriesOf(files, folder).map((value) => {
    let below: TreeNode<DirectoryEntry>[] | undefined;
    const children = () => below ??= fileNodes(files, value.path);
    return { key: value.path, value, ...value.isFolder && { children } };
  });
}

function foldersOf(path: string): string[] {
  return [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));
}
