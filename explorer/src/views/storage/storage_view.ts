// The storage of the registry: over time, by name, and what gc would free.
import { useSession } from "../../api/context.ts";
import { Chart } from "../../components/charts/chart.ts";
import { SameByCode } from "../../components/copy_box.ts";
import { formatBytes, formatCount, formatTime } from "../../format/format.ts";
import { Empty, Shown, Tile } from "../../components/notices.ts";
import { VirtualList } from "../../components/virtual_list.ts";
import { html } from "../../framework/html.ts";
import { useMemo } from "../../framework/preact.ts";
import { hrefOf, openPlace } from "../../framework/router.ts";
import { useLoaded } from "../../framework/use_loaded.ts";

interface Garbage {
  readonly bytes: number;
  readonly freeableBytes: number;
  readonly nextAt?: string;
}

interface NameSpace {
  readonly name: string;
  readonly versions: number;
  readonly size: number;
  readonly bytes: number;
  readonly sharedBytes: number;
  readonly draftBytes: number;
  readonly garbage: Garbage;
}

interface Space {
  readonly bytes: number;
  readonly objects: number;
  readonly names: readonly NameSpace[];
  readonly garbage: Garbage;
  readonly days: readonly { day: string; versions: number; size: number }[];
  readonly failures: readonly { key: string; message: string }[];
}

export function StorageView() {
  const { service } = useSession();
  const space = useLoaded((signal) => service.json<Space>("space", { signal }), []);
  return html`
    <div class="stack whole">
      <h1>Storage</h1>
      <${Shown} of=${space} what="Reading every record">${(space: Space) =>
        html`<${Measured} space=${space} />`}<//>
    </div>
  `;
}

function Measured({ space }: { space: Space }) {
  const { bytes, objects, names, garbage, days, failures } = space;
  const size = names.reduce((sum, { size }) => sum + size, 0);
  const drafts = names.reduce((sum, { draftBytes }) => sum + draftBytes, 0);
  const live = bytes - garbage.bytes - drafts;
  const { x, series } = useMemo(() => {
    let sum = 0;
    const values = days.map(({ size }) => sum += size);
    const x = days.map(({ day }) => Date.parse(day) / 1000);
    return { x, series: [{ label: "Live versions", values }] };
  }, [days]);
  return html`
    ${failures.length > 0 &&
      html`<p class="notice notice-error">${formatCount(failures.length, "object")}
      could not be read. Run <code>holdfast verify</code>.</p>`}
    <div class="columns">
      <section class="stack" aria-label="All names">
        <h2>All names</h2>
        <div class="tiles five">
          <${Tile} bytes=${bytes} text=${`stored in ${formatCount(objects, "object")}`} />
          <${Tile} bytes=${size} text="in all live versions" />
          ${live <= size
            ? html`<${Tile} bytes=${size - live} text="saved by sharing and compression" />`
            : html`<${Tile} bytes=${live - size} text="in records and settings" />`}
          ${drafts > 0 && html`
            <${Tile} bytes=${drafts} text="in drafts, and points of runs until a week after them" />
          `}
          <${Tile} bytes=${garbage.freeableBytes} text="gc --all frees now" />
          <${Tile} bytes=${garbage.bytes - garbage.freeableBytes} text=${garbage.nextAt
            ? `gc --all frees later, from ${formatTime(garbage.nextAt)}`
            : "gc --all frees later"} />
        </div>
        ${days.length > 1 && html`
          <div class="card">
            <${Chart} label="Live versions over time" x=${x} xLabel="Day"
              series=${series} kind="steps" isTime formatY=${formatBytes}
              formatX=${(seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10)} />
          </div>
        `}
      </section>
      <section class="stack" aria-label="By name">
        <h2>By name</h2>
        ${names.length === 0
          ? html`
            <${Empty} title="This registry is empty">
              <p>Save an artifact, and it appears here with its size.</p>
              <//>
          `
          : html`<${NamesBySize} names=${names} />`}
      </section>
    </div>
    <${SameByCode} cli=${`holdfast du\nholdfast gc --dry-run`} code=${`import { collectGarbage, measureSpace } from "@holdfast/holdfast/maintenance";

const { bytes, names, garbage } = await measureSpace(registry);
await collectGarbage(registry, { dryRun: true });`} />
  `;
}

/** The names, largest first, with what each shares. */
function NamesBySize({ names }: { names: readonly NameSpace[] }) {
  const most = Math.max(1, ...names.slice(0, 1).map(({ bytes }) => bytes));
  return html`
    <${VirtualList} items=${names} label="Names, largest first" rowHeight=${32}
      keyOf=${({ name }: NameSpace) => name}
      onOpen=${({ name }: NameSpace) => openPlace(hrefOf(["artifacts", name], { tab: "storage" }))}
      row=${({ name, versions, bytes, sharedBytes }: NameSpace) =>
        html`
          <span class="space-row">
            <span class="tree-label" title=${name}>${name}</span>
            <span class="meter" aria-hidden="true"><span style=${{
              inlineSize: `${bytes / most * 100}%`,
            }}></span></span>
            <span class="cell number">${formatBytes(bytes)}</span>
            <span class="cell number shared">${sharedBytes > 0 &&
              `${formatBytes(sharedBytes)} shared`}</span>
            <span class="cell number">${formatCount(versions, "version")}</span>
          </span>
        `} />
  `;
}
