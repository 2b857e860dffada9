// The aliases of a name, their history, and changes of them.
import { namePath } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import type { Alias, NameSummary } from "../../api/names.ts";
import { mayWrite } from "../../api/service.ts";
import { formatTime } from "../../components/format.ts";
import { Empty, Shown } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { useState } from "../../framework/preact.ts";
import { hrefOf } from "../../framework/router.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { type AliasChange, AliasDialog } from "./alias_dialog.ts";

interface HistoryEntry {
  readonly version?: string;
  readonly generation: number;
  readonly changedAt: string;
}

export function AliasesPanel(
  { summary, changed }: { summary: NameSummary; changed: () => void },
) {
  const { service, rights } = useSession();
  const { name, aliases, versions } = summary;
  const [change, setChange] = useState<AliasChange>();
  const [shown, setShown] = useState<string>();
  const writes = mayWrite(rights, name) && !service.isSite;
  const close = () => (setChange(undefined), changed());
  return html`
    ${writes && versions.length > 0 &&
      html`<div class="row actions"><button type="button" class="button"
      onClick=${() => setChange({ name })}>Set an alias</button></div>`}
    ${aliases.length === 0
      ? html`
        <${Empty} title="This name has no aliases">
          <p>An alias, such as <code>production</code>,
                  is a name for one version that you can move.</p>
          <//>
      `
      : html`
        <div class="table-wrap" tabindex="0" role="region" aria-label="Aliases">
          <table>
            <thead>
              <tr>
                <th>Alias</th>
                <th>Version</th>
                <th><span class="hidden">Actions</span></th>
              </tr>
            </thead>
            <tbody>${aliases.map((each) =>
              html`
                <${AliasRow} key=${each.alias} alias=${each} name=${name} writes=${writes}
                  isShown=${shown === each.alias} change=${setChange}
                  show=${() => setShown(shown === each.alias ? undefined : each.alias)} />
              `
            )}</tbody>
          </table>
        </div>
      `}
    ${shown !== undefined && html`
      <${AliasHistory} key=${shown} name=${name} alias=${shown} writes=${writes}
        change=${setChange} />
    `}
    ${change && html`<${AliasDialog} change=${change} summary=${summary} close=${close} />`}
  `;
}

function AliasRow(
  { alias: { alias, version }, name, writes, isShown, show, change }: {
    alias: Alias;
    name: string;
    writes: boolean;
    isShown: boolean;
    show: () => void;
    change: (change: AliasChange) => void;
  },
) {
  return html`
    <tr>
      <td><span class="tag tag-alias">${alias}</span></td>
      <td><a class="mono" href=${hrefOf(["artifacts", name, version])}>${version}</a></td>
      <td>
        <div class="row">
        <button type="button" class="button button-small" aria-expanded=${isShown} onClick=${show}>History</button>
        ${writes && html`
          <button type="button" class="button button-small" aria-label=${`Move ${alias}`}
            onClick=${() => change({ name, alias, from: version })}>Move</button>
          <button type="button" class="button button-small button-danger" aria-label=${`Remove ${alias}`}
            onClick=${() => change({ name, alias, from: version, remove: true })}>Remove</button>
        `}
      </div>
      </td>
    </tr>
  `;
}

/** The changes of an alias, newest first. Each earlier version can be set again. */
function AliasHistory(
  { name, alias, writes, change }: {
    name: string;
    alias: string;
    writes: boolean;
    change: (change: AliasChange) => void;
  },
) {
  const { service } = useSession();
  const path = `${namePath(name)}/aliases/${encodeURIComponent(alias)}/history`;
  const history = useLoaded((signal) => service.list<HistoryEntry>(path, { signal }), [path]);
  return html`
    <section class="stack" aria-label=${`History of ${alias}`}>
      <h2>History of ${alias}</h2>
      <${Shown} of=${history}>${(entries: HistoryEntry[]) =>
        html`
          <div class="table-wrap">
            <table>
              <thead>
                <tr>
                  <th>Changed</th>
                  <th>Version</th>
                  <th><span class="hidden">Actions</span></th>
                </tr>
              </thead>
              <tbody>${entries.map(({ version, changedAt, generation }, i) =>
                html`
                  <tr key=${generation}>
                    <td class="fit">${formatTime(changedAt)}</td>
                    <td>${version
                      ? html`<code>${version}</code>`
                      : html`<span class="muted">removed</span>`}</td>
                    <td>${writes && version !== undefined && i > 0 &&
                      version !== entries[0]!.version &&
                      html`
                        <button type="button" class="button button-small"
                          onClick=${() =>
                            change({
                              name,
                              alias,
                              from: entries[0]!.version,
                              to: version,
                            })}>Roll back to ${version}</button>
                      `}</td>
                  </tr>
                `
              )}</tbody>
            </table>
          </div>
        `}<//>
    </section>
  `;
}
