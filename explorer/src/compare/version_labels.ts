// Names and colors of compared versions.
import type { ArtifactVersion } from "../artifact_file.ts";
import type { AliasesOfNames } from "../api/names.ts";
import type { ServiceError } from "../api/service.ts";
import { lookOf, MOST_LOOKS } from "../components/charts/chart_scales.ts";
import { html } from "../framework/html.ts";

/** Aliases by the ref of their version. */
export type AliasesByRef = AliasesOfNames["byRef"];

export function refOf({ name, version }: Pick<ArtifactVersion, "name" | "version">): string {
  return `${name}@${version}`;
}

/** Returns short unique labels with the aliases: `3.0.0 (production)`. */
export function labelsOf(
  versions: readonly Pick<ArtifactVersion, "name" | "version">[],
  aliases: AliasesByRef = new Map(),
): string[] {
  const isOneName = new Set(versions.map(({ name }) => name)).size === 1;
  return versions.map((version) => {
    const own = aliases.get(refOf(version)) ?? [];
    const short = isOneName ? version.version : refOf(version);
    return own.length === 0 ? short : `${short} (${own.join(", ")})`;
  });
}

/** A dot in the color of the curves of a version, or a ring of dashes. */
export function VersionMark({ at }: { at: number }) {
  const { color, isDashed } = lookOf(at);
  return at >= 0 && at < MOST_LOOKS && html`
    <span class=${`version-mark${isDashed ? " dashed" : ""}`}
      style=${{ color: `var(${color})` }}></span>
  `;
}

/** Names whose aliases could not be read: their versions are shown without them. */
export function UnreadAliases({ errors }: Pick<AliasesOfNames, "errors">) {
  return [...errors].map(([name, error]) => {
    const { message = String(error) } = error as Partial<ServiceError>;
    return html`<p key=${name} class="note" role="status">${`The aliases of ${name} could not be read, so its versions are shown without them: ${message}.`}</p>`;
  });
}

export function AliasTags({ aliases = [] }: { aliases?: readonly string[] }) {
  return aliases.map((alias) => html`<span key=${alias} class="tag tag-alias">${alias}</span>`);
}
