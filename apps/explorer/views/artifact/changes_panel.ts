// The log of a name.
import { namePath } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import type { LogEntry } from "../../api/names.ts";
import { formatBytes, formatTime } from "../../components/format.ts";
import { Empty, Shown } from "../../components/notices.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { useLoaded } from "../../framework/use_loaded.ts";

const MOST = 500;
const COLUMNS: readonly Column<LogEntry>[] = [
  { title: "When", class: "fit", cell: ({ at }) => formatTime(at) },
  { title: "What", cell: ({ event }) => event },
  { title: "Version", class: "mono", cell: ({ version }) => version },
  {
    title: "Alias",
    cell: ({ alias }) => alias && html`<span class="tag tag-alias">${alias}</span>`,
  },
  {
    title: "Size",
    class: "number",
    cell: ({ size }) => size === undefined ? "" : formatBytes(size),
  },
];

export function ChangesPanel({ name }: { name: string }) {
  const { service } = useSession();
  const log = useLoaded(
    (signal) =>
      service.json<{ items: LogEntry[]; next?: string }>(`${namePath(name)}/log`, {
        query: { limit: MOST },
        signal,
      }),
    [name],
  );
  return html`
    <${Shown} of=${log} what="Reading changes">${({ items, next }: {
      items: LogEntry[];
      next?: string;
    }) =>
      items.length === 0 ? html`<${Empty} title="There are no changes" />` : html`
        <${Table} label="Changes" rows=${items} columns=${COLUMNS} />
        ${next !== undefined && html`<p class="muted">Only the newest ${MOST} are shown.</p>`}
      `}<//>
  `;
}
