// Versions side by side: their facts, and the files of any two.
import type { ArtifactVersion } from "../artifact_file.ts";
import { openVersion } from "../api/artifacts.ts";
import { useSession, useVersionRuns } from "../api/context.ts";
import { type AliasesOfNames, readAliases } from "../api/names.ts";
import type { Service } from "../api/service.ts";
import { Beside } from "../compare/beside.ts";
import { Facts } from "../compare/facts.ts";
import { Comparison } from "../compare/mod.ts";
import { type ComparedRef, RefChips } from "../compare/ref_chips.ts";
import { type AliasesByRef, labelsOf, refOf, UnreadAliases } from "../compare/version_labels.ts";
import { MOST_LOOKS } from "../components/charts/chart_scales.ts";
import { Choice } from "../components/choice.ts";
import { SameByCode, shellWord } from "../components/copy_box.ts";
import { ExtensionParts } from "../components/extension_parts.ts";
import { ErrorNotice, Lazy, Loading } from "../components/notices.ts";
import { RestoreOffer } from "./artifact/deleted_versions.ts";
import { type Offer, Offers } from "./offers.ts";
import { Curves } from "../curves/mod.ts";
import { html } from "../framework/html.ts";
import { useMemo } from "../framework/preact.ts";
import { hrefOf, joinValues, openPlace, splitRef, splitValues } from "../framework/router.ts";
import { useLoaded } from "../framework/use_loaded.ts";
import { useQueryNumber } from "../framework/use_query.ts";
import type { ViewProps } from "./mod.ts";

/** More versions are not compared at once. */
const MOST = 100;

const placeOf = (refs: readonly string[]) => hrefOf(["compare"], { refs: joinValues(refs) });

export function CompareView({ place: { query } }: ViewProps) {
  const { service } = useSession();
  const all = [...new Set(splitValues(query.refs))];
  const refs = all.slice(0, MOST);
  const names = [...new Set(refs.map((ref) => splitRef(ref).name))];
  const name = names.length === 1 ? names[0] : undefined;
  const opened = useLoaded((signal) => openAll(service, refs, signal), [refs]);
  const { value: { byRef: aliases, errors } = NO_ALIASES } = useLoaded(
    (signal) => readAliases(service, names, signal),
    [names],
  );
  const items = (opened.value ?? refs.map((ref): Omit<ComparedRef, "aliases"> => ({ ref })))
    .map((item) => ({ ...item, aliases: aliases.get(shownRef(item)) ?? [] }));
  const versions = useMemo(
    () => (opened.value ?? []).flatMap(({ version }) => version ?? []),
    [opened.value],
  );
  return html`
    <div class=${refs.length > 1 ? "stack whole" : "stack"}>
      <h1>Compare ${name !== undefined && refs.length > 1 &&
        html`versions of <span class="mono">${name}</span>`}</h1>
      <${RefChips} items=${items} name=${name} change=${(refs: readonly string[]) =>
        openPlace(placeOf(refs))} />
      ${name !== undefined &&
        html`<${ExtensionParts} key=${name} at="loadOfName" name=${name} />`}
      ${all.length > MOST &&
        html`<p class="note">The first ${MOST} of ${all.length} versions are compared.</p>`}
      <${UnreadAliases} errors=${errors} />
      ${items.filter(({ error }) => error !== undefined).map(({ ref, error }) =>
        html`
          <${ErrorNotice} key=${ref} error=${error} retry=${opened.reload} />
          <${RestoreOffer} of=${ref} changed=${opened.reload} />
        `
      )}
      ${refs.length < 2 && html`
        <p class="muted">Add at least two versions, such as <code>team:model@production</code>
          ${" and "}<code>team:model@latest</code>.</p>
        <${Offers} label="Compare with the version before" hrefFor=${offeredPlace} />
      `}
      ${refs.length > 1 && opened.value === undefined &&
        html`<${Loading} what="Opening the versions" />`}
      ${versions.length > 1 && html`
        <${Compared} versions=${versions} aliases=${aliases} path=${query.path} />
      `}
    </div>
  `;
}

const NO_ALIASES: AliasesOfNames = { byRef: new Map(), errors: new Map() };

function shownRef({ ref, version }: Pick<ComparedRef, "ref" | "version">): string {
  return version === undefined ? ref : refOf(version);
}

function offeredPlace({ name, version, before }: Offer): string | undefined {
  return before === undefined ? undefined : placeOf([`${name}@${before}`, `${name}@${version}`]);
}

/** Opens the versions of refs. One that cannot be opened has its error. */
async function openAll(service: Service, refs: readonly string[], signal: AbortSignal) {
  return await Promise.all(refs.map(async (ref): Promise<Omit<ComparedRef, "aliases">> => {
    try {
      const version = await openVersion(service, { version: "latest", ...splitRef(ref) }, signal);
      return { ref, version };
    } catch (error) {
      return { ref, error };
    }
  }));
}

function Compared({ versions, aliases, path }: {
  versions: readonly ArtifactVersion[];
  aliases: AliasesByRef;
  path?: string;
}) {
  const known = useVersionRuns();
  const refs = versions.map(refOf);
  const [left = "", right = ""] = refs;
  const drawn = versions.slice(0, MOST_LOOKS);
  const runs = drawn.flatMap((version) => known?.runOfResult(version) ?? []);
  const loadCurves = async () => (await known?.load())?.Curves;
  return html`
    ${path === undefined && html`
      <${Facts} versions=${versions} aliases=${aliases} />
      ${runs.length > 1
        ? html`<${Lazy} load=${loadCurves} runs=${runs} />`
        : html`<${Curves} versions=${drawn} labels=${
          labelsOf(versions, aliases).slice(0, drawn.length)
        } />`}
      ${versions.length > MOST_LOOKS &&
        html`<p class="note">The curves are those of the first ${MOST_LOOKS} versions.</p>`}
      <${Beside} versions=${versions} aliases=${aliases} />
    `}
    <${Files} versions=${versions} aliases=${aliases} path=${path} />
    <${SameByCode} cli=${`holdfast diff ${shellWord(left)} ${shellWord(right)}`}
      code=${`const refs = ${JSON.stringify(refs)};
const versions = await Promise.all(refs.map((ref) => registry.info(ref)));
console.table(versions.map(({ version, metadata }) => ({ version, ...metadata })));`} />
  `;
}

/** The files of two of the versions: at first the base and the one beside it, as of the facts. */
function Files({ versions, aliases, path }: {
  versions: readonly ArtifactVersion[];
  aliases: AliasesByRef;
  path?: string;
}) {
  const [left, setLeft] = useQueryNumber("left", 0);
  const [right, setRight] = useQueryNumber("right", 1);
  const sides = [versions[left] ?? versions[0]!, versions[right] ?? versions.at(-1)!];
  const options = labelsOf(versions, aliases).map((label, at) => [String(at), label]);
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
