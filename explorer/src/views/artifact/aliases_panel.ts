// The aliases of a name, their history, and changes of them.
import { namePath } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import type { Alias, NameSummary } from "../../api/names.ts";
import { mayChange } from "../../api/service.ts";
import { formatTime } from "../../format/format.ts";
import { Empty, Shown } from "../../components/notices.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import type { Author } from "../../api/artifacts.ts";
import { useState } from "../../framework/preact.ts";
import { hrefOf } from "../../framework/router.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { type AliasChange, AliasDialog } from "./alias_dialog.ts";

interface HistoryEntry {
  readonly version?: string;
  readonly generation: number;
  readonly changedAt: string;
  readonly by?: Author;
}

export function AliasesPanel(
  { summary, changed }: { summary: NameSummary; changed: () => void },
) {
  const { service, rights } = useSession();
  const { name, aliases, versions } = summary;
  const [change, setChange] = useState<AliasChange>();
  const [shown, setShown] = useState<string>();
  const writes = mayChange(rights, "move", name) && !service.isSite;
  const close = () => (setChange(undefined), changed());
  const actions = ({ alias, version }: Alias) =>
    html`
      <div class="row">
        <button type="button" class="button button-small" aria-expanded=${shown === alias}
          onClick=${() => setShown(shown === alias ? undefined : alias)}>History</button>
        ${writes && html`
          <button type="button" class="button button-small" aria-label=${`Move ${alias}`}
            onClick=${() => setChange({ name, alias, from: version })}>Move</button>
          <button type="button" class="button button-small button-danger"
            aria-label=${`Remove ${alias}`}
            onClick=${() => setChange({ name, alias, from: version, remove: true })}>Remove</button>
        `}
      </div>
    `;
  const columns: Column<Alias>[] = [
    { title: "Alias", cell: ({ alias }) => html`<span class="tag tag-alias">${alias}</span>` },
    {
      title: "Version",
      class: "mono",
      cell: ({ version }) => html`<a href=${hrefOf(["artifacts", name, version])}>${version}</a>`,
    },
    { title: "Actions", isUntitled: true, cell: actions },
  ];
  return html`
    ${writes && versions.length > 0 && html`<div class="row actions"><button type="button"
      class="button" onClick=${() => setChange({ name })}>Set an alias</button></div>`}
    ${aliases.length === 0
      ? html`
        <${Empty} title="This name has no aliases">
          <p>An alias, such as <code>production</code>,
                  is a name for one version that you can move.</p>
          <//>
      `
      : html`
        <${Table} label="Aliases" rows=${aliases} columns=${columns}
          keyOf=${({ alias }: Alias) => alias} />
      `}
    ${shown !== undefined && html`
      <${AliasHistory} key=${shown} name=${name} alias=${shown} writes=${writes}
        current=${aliases.find(({ alias }) => alias === shown)?.version} change=${setChange} />
    `}
    ${change && html`<${AliasDialog} change=${change} summary=${summary} close=${close} />`}
  `;
}

/** The changes of an alias, newest first. Each earlier version can be set again. */
function AliasHistory(
  { name, alias, current, writes, change }: {
    name: string;
    alias: string;
    /** Its version now. */
    current?: string;
    writes: boolean;
    change: (change: AliasChange) => void;
  },
) {
  const { service } = useSession();
  const path = `${namePath(name)}/aliases/${encodeURIComponent(alias)}/history`;
  const history = useLoaded((signal) => service.list<HistoryEntry>(path, { signal }), [
    path,
    current,
  ]);
  const from = history.value?.[0]?.version;
  const columns: Column<HistoryEntry>[] = [
    { title: "Changed", class: "fit", cell: ({ changedAt }) => formatTime(changedAt) },
    { title: "By", cell: ({ by }) => by?.name ?? "" },
    {
      title: "Version",
      cell: ({ version }) =>
        version ? html`<code>${version}</code>` : html`<span class="muted">removed</span>`,
    },
    {
      title: "Actions",
      isUntitled: true,
      cell: ({ version: to }, i) =>
        writes && to !== undefined && i > 0 && to !== from && html`
          <button type="button" class="button button-small"
            onClick=${() => change({ name, alias, from, to })}>Roll back to ${to}</button>
        `,
    },
  ];
  return html`
    <section class="stack" aria-label=${`History of ${alias}`}>
      <h2>History of ${alias}</h2>
      <${Shown} of=${history}>${(entries: HistoryEntry[]) =>
        html`<${Table} label=${`Changes of ${alias}`} rows=${entries} columns=${columns} />`}<//>
    </section>
  `;
}
