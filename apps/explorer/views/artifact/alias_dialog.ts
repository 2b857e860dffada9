// Sets, moves, rolls back or removes an alias, unless somebody else has changed it meanwhile.
import { namePath } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import type { NameSummary } from "../../api/names.ts";
import { SameByCode, shellWord } from "../../components/copy_box.ts";
import { Dialog } from "../../components/dialog.ts";
import { html } from "../../framework/html.ts";
import { useState } from "../../framework/preact.ts";

export interface AliasChange {
  readonly name: string;
  /** @default asked for */
  readonly alias?: string;
  /** Its version now; absent for a new alias. */
  readonly from?: string;
  /** @default asked for */
  readonly to?: string;
  readonly remove?: boolean;
}

export function AliasDialog(
  { change, summary, close }: { change: AliasChange; summary: NameSummary; close: () => void },
) {
  const { service } = useSession();
  const { name, from, remove = false } = change;
  const [alias, setAlias] = useState(change.alias ?? "");
  const [version, setVersion] = useState(change.to ?? summary.versions[0]?.version ?? "");
  const run = async () => {
    const path = `${namePath(name)}/aliases/${encodeURIComponent(alias)}`;
    if (remove) await service.ask(path, { method: "DELETE", query: { expected: from } });
    else {
      const current = summary.aliases.find((each) => each.alias === alias)?.version ?? null;
      const json = { version, expected: from ?? current };
      await service.ask(path, { method: "PUT", json });
    }
  };
  const title = remove ? `Remove ${alias}` : from === undefined ? "Set an alias" : `Move ${alias}`;
  const value = (event: Event) => (event.currentTarget as HTMLInputElement).value;
  return html`
    <${Dialog} title=${title} action=${remove ? "Remove" : "Set"} danger=${remove} run=${run}
      close=${close} disabled=${alias === "" || version === ""}>
      ${change.alias === undefined && html`<label class="field">Alias
        <input required value=${alias} placeholder="production" autocomplete="off"
          onInput=${(event: Event) => setAlias(value(event))} /></label>`}
      ${remove
        ? html`<p>It points to ${from}. The version is kept.</p>`
        : html`<label class="field">Version
        <select value=${version} onChange=${(event: Event) => setVersion(value(event))}>${
          [...new Set([version, ...summary.versions.map(({ version }) => version)])].map((each) =>
            html`<option value=${each}>${each}</option>`
          )
        }</select></label>`}
      <${SameByCode} ...${codeOf({ name, alias, version, remove })} />
    <//>
  `;
}

function codeOf(
  { name, alias, version, remove }: {
    name: string;
    alias: string;
    version: string;
    remove: boolean;
  },
): { cli: string; code: string } {
  const args = [name, alias, version].map((each) => JSON.stringify(each));
  if (remove) {
    return {
      cli: `holdfast alias ${shellWord(name)} ${shellWord(alias)} --delete`,
      code: `await registry.deleteAlias(${args[0]}, ${args[1]});`,
    };
  }
  return {
    cli: `holdfast alias ${shellWord(name)} ${shellWord(alias)} ${shellWord(version)}`,
    code: `await registry.setAlias(${args.join(", ")});`,
  };
}
