// Search results: names and versions.
import { formatAgo, formatBytes } from "../../format/format.ts";
import { endStateOf } from "../../../../core/registry/conditions/end_state.ts";
import { isBroken, StateTag } from "../../components/state_tag.ts";
import { VirtualList } from "../../components/virtual_list.ts";
import { html } from "../../framework/html.ts";
import { hrefOf, openPlace } from "../../framework/router.ts";

export interface FoundVersion {
  readonly name: string;
  readonly version: string;
  readonly aliases: readonly string[];
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
  readonly size: number;
}

/** The aliases of a name, and a metric of the versions that they point to. */
export interface Promoted {
  readonly aliases: readonly string[];
  /** `accuracy 0.97`, and which version has it. */
  readonly metric?: { readonly text: string; readonly title: string };
}

interface FoundItem {
  readonly name: string;
  readonly found?: FoundVersion;
  /** The version was found, not the name. */
  readonly isVersion?: boolean;
}

export function FoundList({ items, values }: {
  items: readonly FoundItem[];
  /** Returns the values of a version that the search compares. */
  values: (found: FoundVersion) => readonly (readonly [key: string, value: string])[];
}) {
  const open = ({ name, found, isVersion }: FoundItem) =>
    openPlace(hrefOf(isVersion ? ["artifacts", name, found!.version] : ["artifacts", name]));
  return html`
    <${VirtualList} items=${items} label="Results" rowHeight=${30} onOpen=${open}
      keyOf=${({ name, found, isVersion }: FoundItem) =>
        isVersion ? `${name}@${found!.version}` : name}
      row=${({ name, found }: FoundItem) =>
        html`
          <span class="tree-row name-row">
            <span class="tree-label grow">${name}</span>
            ${found && values(found).map(([key, value]) =>
              html`<span class="cell">${key} <strong>${value}</strong></span>`
            )}
            ${found && html`<${NameCells} found=${found} />`}
          </span>
        `} />
  `;
}

/** The columns beside a name: its aliases with a metric, and what its newest version is. */
export function NameCells({ found, promoted }: { found: FoundVersion; promoted?: Promoted }) {
  const { aliases, metric } = promoted ?? { aliases: found.aliases };
  return html`
    <span class="row name-row">
      <span class="row promoted">
        ${isBroken(endStateOf(found.metadata)) &&
          html`<${StateTag} state=${endStateOf(found.metadata)} />`}
        ${metric && html`<span class="cell metric" title=${metric.title}>${metric.text}</span>`}
        ${aliases.slice(0, 2).map((alias) => html`<span class="tag tag-alias">${alias}</span>`)}
        ${aliases.length > 2 && html`<span class="muted">+${aliases.length - 2}</span>`}
      </span>
      <span class="cell kind">${found.kind}</span>
      <span class="cell version mono">${found.version}</span>
      <span class="cell size number">${formatBytes(found.size)}</span>
      <span class="cell ago">${formatAgo(found.createdAt)}</span>
    </span>
  `;
}
