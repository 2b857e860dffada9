// The storage of a name: over time, and what its versions share.
import { namePath } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import { Chart } from "../../components/chart.ts";
import { formatBytes, formatTime } from "../../components/format.ts";
import { Empty, Shown } from "../../components/notices.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { useMemo } from "../../framework/preact.ts";
import { hrefOf } from "../../framework/router.ts";
import { useLoaded } from "../../framework/use_loaded.ts";

interface VersionSpace {
  readonly version: string;
  readonly size: number;
  readonly ownBytes: number;
  readonly sharedBytes: number;
  readonly modifiedAt: string;
}

export interface VersionSpaces {
  readonly versions: readonly VersionSpace[];
  readonly freedBytes: number;
}

export function SpacePanel({ name }: { name: string }) {
  const { service } = useSession();
  const space = useLoaded(
    (signal) => service.json<VersionSpaces>(`${namePath(name)}/space`, { signal }),
    [name],
  );
  return html`<${Shown} of=${space} what="Measuring versions">${(spaces: VersionSpaces) =>
    html`<${Spaces} name=${name} spaces=${spaces} />`}<//>`;
}

function Spaces({ name, spaces: { versions } }: { name: string; spaces: VersionSpaces }) {
  const { x, series, total, saved } = useMemo(() => {
    const inTime = [...versions].reverse();
    let sum = 0;
    const values = inTime.map(({ size }) => sum += size);
    const x = inTime.map(({ modifiedAt }) => Date.parse(modifiedAt) / 1000);
    const own = versions.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
    const shared = Math.max(0, ...versions.map(({ sharedBytes }) => sharedBytes));
    return { x, series: [{ label: "Saved", values }], total: sum, saved: sum - own - shared };
  }, [versions]);
  const columns: Column<VersionSpace>[] = [
    {
      title: "Version",
      class: "mono",
      cell: ({ version }) => html`<a href=${hrefOf(["artifacts", name, version])}>${version}</a>`,
    },
    { title: "Size", class: "number", cell: ({ size }) => formatBytes(size) },
    { title: "Stored alone", class: "number", cell: ({ ownBytes }) => formatBytes(ownBytes) },
    {
      title: "Shared with others",
      class: "number",
      cell: ({ sharedBytes }) => formatBytes(sharedBytes),
    },
  ];
  if (versions.length === 0) return html`<${Empty} title="This name has no version" />`;
  return html`
    <div class="tiles">
      <div
        class="tile"><div class="tile-value">${formatBytes(
          total,
        )}</div><span class="muted">in all versions</span></div>
      <div
        class="tile"><div class="tile-value">${formatBytes(
          Math.max(0, saved),
        )}</div><span class="muted">saved by sharing, at least</span></div>
    </div>
    <div class="card">
      <${Chart} label="Storage over time" x=${x} xLabel="Saved" series=${series}
        kind="steps" isTime formatY=${formatBytes}
        formatX=${(seconds: number) => formatTime(new Date(seconds * 1000).toISOString())} />
    </div>
    <${Table} label="Space of versions" rows=${versions} columns=${columns} />
  `;
}
