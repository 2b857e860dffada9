// Versions side by side: their facts, and the files of any two.
import type { ArtifactVersion } from "../artifact_file.ts";
import { namePath, openVersion } from "../api/artifacts.ts";
import { useSession } from "../api/context.ts";
import type { Alias } from "../api/names.ts";
import type { Service } from "../api/service.ts";
import { Beside } from "../compare/beside.ts";
import { Facts } from "../compare/facts.ts";
import { Comparison } from "../compare/mod.ts";
import { Choice } from "../components/choice.ts";
import { SameByCode, shellWord } from "../components/copy_box.ts";
import { Shown } from "../components/notices.ts";
import { type Offer, Offers } from "./offers.ts";
import { RefField } from "../components/ref_field.ts";
import { Curves } from "../curves/mod.ts";
import { html } from "../framework/html.ts";
import { useState } from "../framework/preact.ts";
import { hrefOf, joinValues, openPlace, splitRef, splitValues } from "../framework/router.ts";
import { useLoaded } from "../framework/use_loaded.ts";
import { useQueryNumber } from "../previews/parts.ts";
import type { ViewProps } from "./mod.ts";

/** More versions are not compared at once. */
const MOST = 100;
/** More are not drawn together, or shown side by side. */
const FEW = 8;

const placeOf = (refs: readonly string[]) => hrefOf(["compare"], { refs: joinValues(refs) });

export function CompareView({ place: { query } }: ViewProps) {
  const all = splitValues(query.refs);
  const refs = all.slice(0, MOST);
  return html`
    <div class="stack">
      <h1>Compare</h1>
      <${Refs} key=${query.refs} given=${refs} />
      ${all.length > MOST &&
        html`<p class="note">The first ${MOST} of ${all.length} versions are compared.</p>`}
      ${refs.length > 1
        ? html`<${Compared} refs=${refs} path=${query.path} />`
        : html`<${Offers} label="Compare with the version before" hrefFor=${offeredPlace} />`}
    </div>
  `;
}

function offeredPlace({ name, version, before }: Offer): string | undefined {
  return before === undefined ? undefined : placeOf([`${name}@${before}`, `${name}@${version}`]);
}

function Refs({ given }: { given: readonly string[] }) {
  const [refs, setRefs] = useState<readonly string[]>(
    given.length > 1 ? given : [...given, "", ""].slice(0, 2),
  );
  const submit = (event: Event) => {
    event.preventDefault();
    openPlace(placeOf(refs.map((ref) => ref.trim()).filter((ref) => ref !== "")));
  };
  const form = html`
    <form class="card stack" onSubmit=${submit}>
      <div class="columns">${refs.map((ref, at) =>
        html`
          <${RefField} key=${at} label=${`Version ${at + 1}`} value=${ref}
            change=${(value: string) => setRefs(refs.with(at, value))} />
        `
      )}</div>
      <div class="row">
        <button type="submit" class="button button-main">Compare</button>
        <button type="button" class="button" onClick=${() =>
          setRefs([...refs, ""])}>Add a version</button>
        ${given.length > 1 &&
          html`<button type="button" class="button" onClick=${() =>
            openPlace(placeOf(given.toReversed()))}>${
            given.length === 2 ? "Swap" : "Reverse"
          }</button>`}
      </div>
    </form>
  `;
  if (given.length < 2) return form;
  return html`<details class="same"><summary>Versions to compare</summary>${form}</details>`;
}

function Compared({ refs, path }: { refs: readonly string[]; path?: string }) {
  const { service } = useSession();
  const opened = useLoaded(
    (signal) =>
      Promise.all(
        refs.map((ref) => openVersion(service, { version: "latest", ...splitRef(ref) }, signal)),
      ),
    [refs],
  );
  const names = [...new Set(refs.map((ref) => splitRef(ref).name))];
  const aliases = useLoaded((signal) => aliasesByRef(service, names, signal), [names]);
  const [left = "", right = ""] = refs;
  return html`
    <${Shown} of=${opened} what="Opening the versions">${(versions: ArtifactVersion[]) =>
      html`
        ${path === undefined && html`
          <${Facts} versions=${versions} aliases=${aliases.value} />
          <${Curves} versions=${versions.slice(0, FEW)} />
          <${Beside} versions=${versions.slice(0, FEW)} />
          ${versions.length > FEW &&
            html`<p class="note">Curves and files side by side are of the first ${FEW} versions.</p>`}
        `}
        <${Files} versions=${versions} path=${path} />
      `}<//>
    <${SameByCode} cli=${`holdfast diff ${shellWord(left)} ${shellWord(right)}`}
      code=${`const refs = ${JSON.stringify(refs)};
const versions = await Promise.all(refs.map((ref) => registry.info(ref)));
console.table(versions.map(({ version, metadata }) => ({ version, ...metadata })));`} />
  `;
}

/** Returns the aliases of names by the refs that they point to. */
async function aliasesByRef(service: Service, names: readonly string[], signal: AbortSignal) {
  const all = await Promise.all(names.map(async (name) => {
    const aliases = await service.list<Alias>(`${namePath(name)}/aliases`, { signal });
    return aliases.map(({ alias, version }) => ({ alias, ref: `${name}@${version}` }));
  }));
  const groups = Map.groupBy(all.flat(), ({ ref }) => ref);
  return new Map([...groups].map(([ref, own]) => [ref, own.map(({ alias }) => alias)]));
}

/** The files of two of the versions: at first the two that were saved last. */
function Files({ versions, path }: { versions: readonly ArtifactVersion[]; path?: string }) {
  const [left, setLeft] = useQueryNumber("left", versions.length - 2);
  const [right, setRight] = useQueryNumber("right", versions.length - 1);
  const sides = [versions[left] ?? versions[0]!, versions[right] ?? versions.at(-1)!];
  const options = versions.map(({ name, version }, at) => [String(at), `${name}@${version}`]);
  return html`
    <div class="fields">
      <h2>Files</h2>
      ${versions.length > 2 && html`
        <${Choice} label="of" value=${String(left)} options=${options}
          change=${(at: string) => setLeft(Number(at))} />
        <${Choice} label="and" value=${String(right)} options=${options}
          change=${(at: string) => setRight(Number(at))} />
      `}
    </div>
    <${Comparison} left=${sides[0]} right=${sides[1]} path=${path} />
  `;
}
