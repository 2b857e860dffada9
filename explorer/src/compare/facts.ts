// The facts of versions side by side: metadata, inputs, kind, size, and time.
import { endStateOf } from "../../../core/registry/conditions/end_state.ts";
import type { ArtifactVersion } from "../artifact_file.ts";
import { usualBetter } from "../../../core/text/better.ts";
import { briefText, formatBytes, formatCount, formatTime, numberText } from "../format/format.ts";
import { breakable } from "../components/breakable.ts";
import { CopyTable } from "../components/copy_box.ts";
import { onValue } from "../components/field.ts";
import { type Column, Table } from "../components/table.ts";
import { html } from "../framework/html.ts";
import { useMemo } from "../framework/preact.ts";
import { hrefOfRef } from "../framework/router.ts";
import { useQuery } from "../framework/use_query.ts";
import { jsonText } from "../format/short_number.ts";
import { isBroken, StateTag } from "../components/state_tag.ts";
import { parseRowFilter } from "./row_filter.ts";
import { type AliasesByRef, AliasTags, VersionMark } from "./version_labels.ts";

export interface Fact {
  readonly name: string;
  readonly values: readonly unknown[];
  readonly isSame: boolean;
  readonly isMetadata: boolean;
  /** Versions of runs that failed: none of their values is the best. */
  readonly failed?: readonly number[];
}

const MOST_DEPTH = 8;
/** On a phone, comparisons of more versions scroll sideways instead of becoming cards. */
const MOST_CARDS = 4;
/** More facts are left out. */
const MOST = 1000;

/** Returns the facts of versions, in the order in which they appear, and how many are left out. */
export function factsOf(versions: readonly ArtifactVersion[]): { facts: Fact[]; leftOut: number } {
  const valuesOfKeys = new Map<string, unknown[]>();
  const others = new Set<string>();
  const set = (name: string, at: number, value: unknown) => {
    const values = valuesOfKeys.get(name) ?? versions.map(() => undefined);
    values[at] = value;
    if (valuesOfKeys.has(name) || valuesOfKeys.size < MOST) valuesOfKeys.set(name, values);
    else others.add(name);
  };
  const add = (name: string, at: number, value: unknown, depth: number) => {
    const isPlain = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isPlain || depth > MOST_DEPTH) return set(name, at, value);
    for (const [key, each] of Object.entries(value)) {
      add(name === "" ? key : `${name}.${key}`, at, each, depth + 1);
    }
  };
  for (const [at, { metadata }] of versions.entries()) add("", at, metadata, 0);
  const states = versions.map(({ metadata }) => endStateOf(metadata));
  const own = [
    { name: "Inputs", values: versions.map(({ inputs }) => inputs) },
    { name: "Kind", values: versions.map(({ materializer }) => materializer) },
    { name: "Files", values: versions.map(({ files }) => files.length) },
    { name: "Size", values: versions.map(({ size }) => size) },
    { name: "Content", values: versions.map(({ digest }) => digest) },
    { name: "Saved", values: versions.map(({ createdAt }) => createdAt) },
  ].map((fact) => ({ ...fact, isMetadata: false }));
  const names = new Set(["State", ...own.map(({ name }) => name)]);
  const metadata = [...valuesOfKeys].map(([key, values]) => {
    const name = names.has(key) ? `metadata.${key}` : key; // no two facts have one name
    return { name, values, isMetadata: true };
  });
  const hasState = states.some((state) => state !== undefined);
  const state = hasState ? [{ name: "State", values: states, isMetadata: false }] : [];
  const facts = [...state, ...metadata, ...own].map((fact) => {
    const [first, ...rest] = fact.values.map((value) => JSON.stringify(value));
    return { ...fact, isSame: rest.every((text) => text === first) };
  });
  const failed = [...versions.keys()].filter((at) => isBroken(states[at]));
  const marked = failed.length === 0 ? facts : facts.map((fact) => ({ ...fact, failed }));
  return { facts: marked, leftOut: others.size };
}

/** True for the best number of a metric that differs, which has a ★. */
export function isBestAt(fact: Fact, at: number): boolean {
  const best = bestOf(fact);
  return best !== undefined && fact.values[at] === best && fact.failed?.includes(at) !== true;
}

/** Returns the best number of a metric that differs; undefined of other facts. */
export function bestOf({ name, values, isSame, isMetadata, failed = [] }: Fact) {
  const better = isMetadata && !isSame ? usualBetter(name) : "none";
  const numbers = values.filter((_, at) => !failed.includes(at))
    .filter((value) => typeof value === "number");
  if (better === "none" || numbers.length < 2) return undefined;
  return better === "low" ? Math.min(...numbers) : Math.max(...numbers);
}

export function Facts({ versions, aliases = new Map() }: {
  versions: readonly ArtifactVersion[];
  aliases?: AliasesByRef;
}) {
  const [shown, setShown] = useQuery("facts");
  const [typed, setTyped] = useQuery("rows");
  const { facts, leftOut } = useMemo(() => factsOf(versions), [versions]);
  const { matches, problem } = useMemo(() => parseRowFilter(typed), [typed]);
  const wanted = shown === "all" ? facts : facts.filter(({ isSame }) => !isSame);
  const rows = wanted.filter(({ name }) => matches(name));
  return html`
    <div class="fields">
      <h2>Facts</h2>
      <label class="grow">Filter facts
        <input type="search" value=${typed} onInput=${onValue(setTyped)}
          placeholder="loss, or /^metrics.*loss$/" spellcheck=${false} autocomplete="off" /></label>
      <label class="check"><input type="checkbox" checked=${shown !== "all"}
        onChange=${() => setShown(shown === "all" ? "" : "all")} /> Differences only</label>
      <span class="muted" role="status">${typed !== "" &&
        `${rows.length} of ${formatCount(wanted.length, "row")}`}</span>
    </div>
    ${problem !== undefined &&
      html`<p class="note">All facts are shown, because ${typed} is not a filter: ${problem}.</p>`}
    ${rows.length > 0
      ? html`<${FactsTable} rows=${rows} versions=${versions} aliases=${aliases} />`
      : html`<p class="note">${
        wanted.length > 0 ? "No fact has this name." : "All facts are the same."
      }</p>`}
    ${leftOut > 0 &&
      html`<p class="note">${formatCount(leftOut, "more key")} of the metadata left out.</p>`}
  `;
}

function FactsTable({ rows, versions, aliases }: {
  rows: readonly Fact[];
  versions: readonly ArtifactVersion[];
  aliases: AliasesByRef;
}) {
  const isOneName = new Set(versions.map(({ name }) => name)).size === 1;
  const columns: Column<Fact>[] = [
    {
      title: "Fact",
      class: "key",
      cell: ({ name }) => breakable(name),
      value: ({ name }) => name,
      isPinned: true,
    },
    ...versions.map(({ name, version }, at): Column<Fact> => ({
      title: isOneName ? version : `${name}@${version}`,
      note: html`
        <span class="row"><${VersionMark} at=${at} /><${AliasTags}
          aliases=${aliases.get(`${name}@${version}`)} /></span>
      `,
      class: (fact) => isBestAt(fact, at) ? "top best" : "top",
      cell: (fact) => html`<${Value} fact=${fact} at=${at} />`,
      value: ({ values }) => values[at],
    })),
  ];
  return html`
    <${Table} isPreview isScroll=${versions.length > MOST_CARDS} label="Facts" rows=${rows}
      columns=${columns} />
    <${CopyTable} rows=${rows} columns=${columns} />
  `;
}

export function Value({ fact, at }: { fact: Fact; at: number }) {
  const { name, values } = fact;
  const value = values[at];
  if (value === undefined) return html`<span class="muted">absent</span>`;
  if (name === "Inputs") {
    return (value as string[]).map((ref) => html`<div><a href=${hrefOfRef(ref)}>${ref}</a></div>`);
  }
  if (name === "State") return html`<${StateTag} state=${value} />`;
  if (name === "Size") return formatBytes(value as number);
  if (name === "Saved") return formatTime(value as string);
  if (name === "Content") return html`<code>${(value as string).slice(0, 12)}</code>`;
  if (typeof value === "number") {
    return html`
      <span class="unbroken" title=${String(value)}>${numberText(value)}${isBestAt(fact, at) &&
        " ★"}</span><${Change} fact=${fact}
        value=${value} />
    `;
  }
  return jsonText(value);
}

/** Writes how much a number differs from that of the first version, and whether it is better. */
function Change({ fact: { name, values, isMetadata }, value }: { fact: Fact; value: number }) {
  const [first] = values;
  if (typeof first !== "number" || first === value) return null;
  const better = isMetadata ? usualBetter(name) : "none";
  const isBetter = value > first === (better === "high");
  const [word, mark] = better === "none" ? [] : isBetter ? ["better", "good"] : ["worse", "bad"];
  const text = `${value > first ? "+" : "−"}${briefText(Math.abs(value - first))}`;
  return html`
    <span class=${`muted delta ${mark ?? ""}`} title=${word}>${text}</span>
  `;
}
