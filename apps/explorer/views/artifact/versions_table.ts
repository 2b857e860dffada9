// The versions of a name, with two to compare.
import { aliasesOf, type NameSummary } from "../../api/names.ts";
import type { ListedVersion } from "../../api/artifacts.ts";
import { formatAgo, formatBytes, formatTime } from "../../components/format.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { useState } from "../../framework/preact.ts";
import { hrefOf } from "../../framework/router.ts";

export function VersionsTable({ summary }: { summary: NameSummary }) {
  const { name, versions } = summary;
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const choose = (version: string) =>
    setChosen(
      chosen.includes(version)
        ? chosen.filter((each) => each !== version)
        : [...chosen, version].slice(-2),
    );
  const order = (version: string) => versions.findIndex((each) => each.version === version);
  const [right, left] = [...chosen].sort((a, b) => order(a) - order(b));
  const isAlone = versions.length === 1;
  const isReady = left !== undefined && right !== undefined;
  const columns: Column<ListedVersion>[] = [
    {
      title: "Compare",
      isUntitled: true,
      class: "fit",
      cell: ({ version }) =>
        html`
          <input type="checkbox" checked=${chosen.includes(version)}
            aria-label=${`Compare ${version}`} onChange=${() => choose(version)} />
        `,
    },
    {
      title: "Version",
      class: "fit mono",
      cell: ({ version }) => html`<a href=${hrefOf(["artifacts", name, version])}>${version}</a>`,
    },
    {
      title: "Aliases",
      cell: ({ version }) =>
        aliasesOf(summary, version).map((alias) =>
          html`<span class="tag tag-alias">${alias}</span>`
        ),
    },
    { title: "Kind", class: "fit", cell: ({ info }) => info?.materializer.id },
    { title: "Files", class: "number", cell: ({ info }) => info?.files.length },
    { title: "Size", class: "number", cell: ({ info }) => info && formatBytes(info.size) },
    {
      title: "Saved",
      class: "fit",
      cell: ({ modifiedAt: at }) => html`<span title=${formatTime(at)}>${formatAgo(at)}</span>`,
    },
    {
      title: "Metadata",
      class: "wide",
      cell: ({ info, error }) =>
        error
          ? html`<span class="tag tag-bad">${error.detail}</span>`
          : metadataText(info?.metadata),
    },
  ];
  return html`
    <div class="row spread" style=${isAlone && { display: "none" }}>
      <p class="muted">Choose two versions to compare them.</p>
      ${isReady
        ? html`<a class="button button-main" href=${
          hrefOf(["compare"], { left: `${name}@${left}`, right: `${name}@${right}` })
        }>Compare ${left} with ${right}</a>`
        : html`<button type="button" class="button" disabled>Compare</button>`}
    </div>
    <${Table} label="Versions" rows=${versions} columns=${columns.slice(isAlone ? 1 : 0)}
      keyOf=${({ version }: ListedVersion) => version} />
  `;
}

const SHOWN = 80;

function metadataText(metadata: Record<string, unknown> = {}) {
  const text = Object.entries(metadata).map(([key, value]) =>
    `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`
  ).join(", ");
  const short = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return html`<span class="muted">${short}</span>`;
}
