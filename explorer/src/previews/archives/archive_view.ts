// The contents of an archive as a list.
import type { ArtifactFile } from "../../artifact_file.ts";
import { formatBytes, formatCount, formatNumber } from "../../format/format.ts";
import { whenLoaded } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { EntryTable } from "../entry_table.ts";
import type { Column } from "../../components/table.ts";
import { LeftOut, useFiles } from "../parts.ts";
import { listArchive, type ListedArchive, type ListedEntry } from "./list_archive.ts";

const COLUMNS: readonly Column<ListedEntry>[] = [
  { title: "Path", cell: ({ path }) => path },
  { title: "Kind", cell: ({ kind }) => kind },
  { title: "Size", class: "number", cell: ({ size }) => formatBytes(size) },
];
const PACKED: Column<ListedEntry> = {
  title: "Packed",
  class: "number",
  cell: ({ packed = 0 }) => formatBytes(packed),
};
/** Archives that unpack to more than this many times their size are suspicious. */
const SUSPICIOUS_RATIO = 200;

export function ArchiveView({ file }: { file: ArtifactFile }): VNode {
  const loaded = useFiles((signal) => listArchive(file, signal), file);
  return whenLoaded(loaded, (listing) => html`<${Entries} found=${listing} file=${file} />`);
}

/** The entries of an archive, and how large they become. */
function Entries({ found: { entries, end }, file }: {
  found: ListedArchive;
  file: ArtifactFile;
}): VNode {
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  const isBomb = total > file.size * SUSPICIOUS_RATIO && total > 64 * 1024 * 1024;
  const isPacked = entries.some(({ packed }) => packed !== undefined);
  const columns = isPacked ? [...COLUMNS, PACKED] : COLUMNS;
  const facts = `${formatCount(entries.length, "entry")} · ${formatBytes(total)} unpacked`;
  return html`
    <p class="summary-line">${facts}</p>
    ${isBomb && html`<p class="note warning" role="alert">
      ${`These ${formatBytes(file.size)} declare ${formatBytes(total)}, ${
      formatNumber(Math.round(total / file.size))
    } times as much. Unpack this archive only if you trust it. Nothing is unpacked here.`}
    </p>`}
    ${end !== undefined && html`<${LeftOut} file=${file}>${`${end}.`}<//>`}
    <${EntryTable} entries=${entries} columns=${columns} unit="entries" />
  `;
}
