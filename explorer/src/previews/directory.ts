// Files of a folder. A folder of zarr is an array, or a group with an image.
import type { ArtifactFile, ArtifactVersion } from "../artifact_file.ts";
import { shellWord } from "../components/copy_box.ts";
import { formatBytes, formatCount, formatNumber } from "../format/format.ts";
import { type Column, Table } from "../components/table.ts";
import { Lazy } from "../components/notices.ts";
import { html } from "../framework/html.ts";
import type { VNode } from "../framework/preact.ts";
import { useMore } from "../components/long_content.ts";
import { usePathHref } from "./parts.ts";

/** Entries that are shown at a time. */
const STEP = 200;

/** A file, or a folder with the files below it. */
export interface DirectoryEntry {
  name: string;
  path: string;
  isFolder: boolean;
  size: number;
  files: number;
}

export function filesBelow(files: readonly ArtifactFile[], folder: string): ArtifactFile[] {
  return folder === "" ? [...files] : files.filter(({ path }) => path.startsWith(`${folder}/`));
}

/** Returns the entries of a folder: folders first, each by name. */
export function entriesOf(files: readonly ArtifactFile[], folder: string): DirectoryEntry[] {
  const start = folder === "" ? 0 : folder.length + 1;
  const entries = new Map<string, DirectoryEntry>();
  for (const { path, size } of filesBelow(files, folder)) {
    const end = path.indexOf("/", start);
    const isFolder = end >= 0;
    const name = path.slice(start, isFolder ? end : undefined);
    const entry = entries.get(name) ??
      { name, path: path.slice(0, start) + name, isFolder, size: 0, files: 0 };
    entries.set(name, { ...entry, size: entry.size + size, files: entry.files + 1 });
  }
  return [...entries.values()].sort((a, b) =>
    Number(b.isFolder) - Number(a.isFolder) || (a.name < b.name ? -1 : 1)
  );
}

const ZARR_DOCUMENTS = ["zarr.json", ".zarray", ".zgroup"];

export function isZarr(files: readonly ArtifactFile[], folder: string): boolean {
  const documents = ZARR_DOCUMENTS.map((name) => folder === "" ? name : `${folder}/${name}`);
  return files.some(({ path }) => documents.includes(path));
}

export function DirectoryView({ version, folder }: {
  version: ArtifactVersion;
  folder: string;
}): VNode {
  const list = html`<${Listing} version=${version} folder=${folder} key=${folder} />`;
  if (!isZarr(version.files, folder)) return html`<${Crumbs} folder=${folder} />${list}`;
  return html`
    <${Crumbs} folder=${folder} />
    <${Lazy} key=${folder} load=${loadZarr} version=${version} folder=${folder} />
    <details><summary>Files of this folder</summary>${list}</details>
  `;
}

const loadZarr = async () => (await import("./arrays/zarr_view.ts")).ZarrView;

export function Crumbs({ folder }: { folder: string }): VNode | null {
  const hrefOf = usePathHref();
  if (folder === "") return null;
  const names = folder.split("/");
  return html`
    <nav class="crumbs" aria-label="Folders">
      <a href=${hrefOf("")}>All files</a>
      ${names.map((name, i) => {
        const isLast = i === names.length - 1;
        return html`<span aria-hidden="true"> / </span>${
          isLast
            ? html`<span aria-current="page">${name}</span>`
            : html`<a href=${hrefOf(names.slice(0, i + 1).join("/"))}>${name}</a>`
        }`;
      })}
    </nav>
  `;
}

function Listing({ version, folder }: { version: ArtifactVersion; folder: string }): VNode {
  const hrefOf = usePathHref();
  const entries = entriesOf(version.files, folder);
  const [shown, more] = useMore(entries.length, STEP, "entry");
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  const files = entries.reduce((sum, { files }) => sum + files, 0);
  if (entries.length === 0) return html`<p class="note">This version has no files.</p>`;
  const columns: Column<DirectoryEntry>[] = [
    {
      title: "Name",
      cell: ({ name, path, isFolder }) =>
        html`<a href=${hrefOf(path)}>${name}${isFolder ? "/" : ""}</a>`,
    },
    {
      title: "Files",
      class: "number",
      cell: ({ files, isFolder }) => isFolder ? formatNumber(files) : "",
    },
    { title: "Size", class: "number", cell: ({ size }) => formatBytes(size) },
  ];
  const command = `holdfast download ${
    shellWord(`${version.name}@${version.version}`)
  } --to FOLDER`;
  return html`
    <p class="summary-line">${formatCount(files, "file")} · ${formatBytes(
      total,
    )} <code>${command}</code></p>
    <${Table} isPreview label="Files" rows=${entries.slice(0, shown)} columns=${columns} />
    ${more}
  `;
}
