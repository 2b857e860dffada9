// The storage of a name: over time, and what its versions share.
import { namePath } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import { Chart } from "../../components/charts/chart.ts";
import { formatBytes, formatTime } from "../../format/format.ts";
import { Empty, Shown, Tile } from "../../components/notices.ts";
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
  readonly storedBytes: number;
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

function Spaces({ name, spaces }: { name: string; spaces: VersionSpaces }) {
  const { versions, storedBytes } = spaces;
  const { x, series, total } = useMemo(() => {
    const inTime = [...versions].reverse();
    let sum = 0;
    const values = inTime.map(({ size }) => sum += size);
    const x = inTime.map(({ modifiedAt }) => Date.parse(modifiedAt) / 1000);
    return { x, series: [{ label: "Size", values }], total: sum };
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
  if (versions.length === 0) {
    return html`
      <${Empty} title="This name has no version">
        <p>Save one, and its size appears here.</p>
        <//>
    `;
  }
  return html`
    <div class="tiles">
      <${Tile} bytes=${storedBytes} text="stored" />
      <${Tile} bytes=${total} text="in all versions" />
      <${Tile} bytes=${total - storedBytes} text="saved by sharing and compression" />
    </div>
    <div class="card">
      <${Chart} label="Size of all versions over time" x=${x} xLabel="Saved"
        series=${series}
        kind="steps" isTime formatY=${formatBytes}
        formatX=${(seconds: number) => formatTime(new Date(seconds * 1000).toISOString())} />
    </div>
    <${Table} label="Space of versions" rows=${versions} columns=${columns} />
  `;
}
