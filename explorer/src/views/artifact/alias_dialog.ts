// Sets, moves, rolls back or removes an alias, unless somebody else has changed it meanwhile.
import { diffValues } from "../../../../core/text/value_changes.ts";
import { type RetentionRules, rulesOfAlias } from "../../../../core/registry/rules.ts";
import { namePath } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import type { NameSummary } from "../../api/names.ts";
import { mayChange, type Service } from "../../api/service.ts";
import { usualBetter } from "../../../../core/text/better.ts";
import { SameByCode, shellWord } from "../../components/copy_box.ts";
import { Dialog } from "../../components/dialog.ts";
import { TextField } from "../../components/field.ts";
import { numberText } from "../../format/format.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { useState } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";

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
  const { service, announce } = useSession();
  const { name, remove = false } = change;
  const [{ aliases, versions }] = useState(summary); // as they were seen when it opened
  const [alias, setAlias] = useState(change.alias ?? "");
  const [force, setForce] = useState(false);
  const [version, setVersion] = useState(change.to ?? versions[0]?.version ?? "");
  const from = change.from ?? aliases.find((each) => each.alias === alias)?.version;
  const run = async () => {
    const path = `${namePath(name)}/aliases/${encodeURIComponent(alias)}`;
    const expected = from ?? null;
    const set = (version: string, expected: string | null) =>
      service.ask(path, { method: "PUT", json: { version, expected, force } });
    const unset = (expected?: string) =>
      service.ask(path, { method: "DELETE", query: { expected, force } });
    if (remove) await unset(from);
    else await set(version, expected);
    const undo = async () => {
      if (remove) await set(from!, null);
      else if (from === undefined) await unset(version);
      else await set(from, version);
      close(); // reads it again
    };
    announce({
      text: remove ? `${name}@${alias} is removed` : `${name}@${alias} points to ${version}`,
      undo,
    });
  };
  const { title, action } = wordsOf({ alias, from, remove });
  const isSame = !remove && from === version;
  return html`
    <${Dialog} title=${title} action=${action} danger=${remove} run=${run}
      close=${close} disabled=${alias === "" || version === "" || isSame}>
      ${change.alias === undefined && html`
        <${TextField} label="Alias" value=${alias} change=${setAlias} required placeholder="production"
          options=${aliases.map(({ alias }) => alias)} />
      `}
      ${remove ? html`<p>It points to ${from}. The version is kept.</p>` : html`
        <${TextField} label="Version" value=${version} change=${setVersion} required
          options=${versions.map(({ version }) => version)} />
      `}
      <${Protection} name=${name} alias=${alias} force=${force} change=${setForce} />
      ${!remove && alias !== "" &&
        html`<${Effect} ...${{ name, alias, version, from }} others=${aliases.length} />`}
      <${SameByCode} ...${codeOf({ name, alias, version, remove })} />
    <//>
  `;
}

/** A choice to change an alias that a rule protects. */
function Protection({ name, alias, force, change }: {
  name: string;
  alias: string;
  force: boolean;
  change: (force: boolean) => void;
}) {
  const { service, rights } = useSession();
  const { value: rule } = useLoaded(async (signal) => {
    const query = { name };
    const { rules } = await service.json<RetentionRules>("rules", { query, signal });
    return rulesOfAlias(rules, { name, alias })[0];
  }, [name, alias]);
  if (rule === undefined) return null;
  if (!mayChange(rights, "promote", name)) {
    return html`<p class="notice">The rule ${rule.pattern} protects ${alias}. To change it, a token
      needs the scope <code>promote:${name}</code>.</p>`;
  }
  return html`
    <label class="check">
      <input type="checkbox" checked=${force} onChange=${() => change(!force)} />
      Change ${alias}, which the rule ${rule.pattern} protects
    </label>
  `;
}

function wordsOf(
  { alias, from, remove }: { alias: string; from?: string; remove: boolean },
): { title: string; action: string } {
  if (remove) return { title: `Remove ${alias}`, action: "Remove" };
  if (from === undefined) return { title: "Set an alias", action: "Set" };
  return { title: `Move ${alias}`, action: `Move ${alias} from ${from}` };
}

/** Shows what setting an alias changes. */
function Effect(
  { name, alias, version, from, others }: {
    name: string;
    alias: string;
    version: string;
    from?: string;
    others: number;
  },
) {
  if (from === undefined) return others > 0 && html`<p role="status">This is a new alias.</p>`;
  if (from === version) return html`<p role="status">${alias} points to ${version} already.</p>`;
  return html`
    <${NumberChanges} key=${`${from} ${version}`} name=${name} versions=${[from, version]} />
  `;
}

const MOST_NUMBERS = 8;

interface NumberChange {
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The numbers in the metadata that differ between two versions. */
function NumberChanges({ name, versions }: { name: string; versions: readonly [string, string] }) {
  const { service } = useSession();
  const { value: changes = [] } = useLoaded(async (signal) => {
    const [before, after] = await Promise.all(
      versions.map((version) => metadataOf(service, { name, version }, signal)),
    );
    if (before === undefined || after === undefined) return [];
    const numbers = diffValues(before, after).flatMap(({ path, before, after }): NumberChange[] =>
      typeof before === "number" || typeof after === "number"
        ? [{ key: path.join("."), before, after }]
        : []
    );
    const isMetric = ({ key }: NumberChange) => usualBetter(key) !== "none";
    return [...numbers.filter(isMetric), ...numbers.filter((change) => !isMetric(change))];
  }, [name, ...versions]);
  if (changes.length === 0) return null;
  const side = (title: string, side: "before" | "after"): Column<NumberChange> => ({
    title,
    class: "number",
    cell: (change) => html`<span title=${exactText(change[side])}>${sideText(change, side)}</span>`,
  });
  const columns: Column<NumberChange>[] = [
    { title: "Metadata", cell: ({ key }) => html`<code>${key}</code>` },
    side(versions[0], "before"),
    side(versions[1], "after"),
  ];
  const more = changes.length - MOST_NUMBERS;
  return html`
    <${Table} label="Numbers that differ" rows=${changes.slice(0, MOST_NUMBERS)}
      columns=${columns} keyOf=${({ key }: NumberChange) => key} />
    ${more > 0 && html`<p class="muted">and ${more} more</p>`}
  `;
}

function exactText(value: unknown): string {
  return value === undefined ? "none" : String(value);
}

/** Returns one side of a change with few digits, if the sides still differ. */
function sideText(change: NumberChange, side: "before" | "after"): string {
  const textOf = (value: unknown) =>
    typeof value === "number" ? numberText(value) : exactText(value);
  const isClear = textOf(change.before) !== textOf(change.after);
  return isClear ? textOf(change[side]) : exactText(change[side]);
}

/** Returns the metadata of a version; undefined for another ref, or one that is still typed. */
async function metadataOf(
  service: Service,
  { name, version }: { name: string; version: string },
  signal: AbortSignal,
): Promise<Record<string, unknown> | undefined> {
  if (!/^\d+\.\d+\.\d+/.test(version)) return undefined;
  const query = { range: version, fields: "metadata", limit: 1 };
  const path = `${namePath(name)}/versions`;
  const page = await service.json<{ items: NameSummary["versions"] }>(path, { query, signal })
    .catch(() => undefined);
  return page?.items[0]?.info?.metadata;
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
