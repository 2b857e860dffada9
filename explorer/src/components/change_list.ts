// Changes of names, newest first, as sentences with links.
import { authorText } from "../../../core/naming/author.ts";
import type { LogEntry } from "../api/names.ts";
import { html } from "../framework/html.ts";
import { hrefOfRef } from "../framework/router.ts";
import { formatAgo, formatTime } from "../format/format.ts";

export interface Change extends Omit<LogEntry, "event" | "by"> {
  readonly event: string;
  readonly name: string;
  /** The address of what changed. @default that of the version */
  readonly href?: string;
  /** The earlier version of an alias. */
  readonly was?: string;
  /** The author, or in a record without one what the metadata claims. */
  readonly by?: string;
}

export function changesOf(name: string, log: readonly LogEntry[]): Change[] {
  return log.map(({ by, ...entry }, i) => {
    const before = entry.alias && log.slice(i + 1).find(({ alias }) => alias === entry.alias);
    return {
      ...entry,
      name,
      ...before && { was: before.version },
      ...by && { by: authorText(by) },
    };
  });
}

export function ChangeList({ label, changes }: { label: string; changes: readonly Change[] }) {
  return html`
    <ul class="nested changes" aria-label=${label}>${changes.map((change) =>
      html`
        <li>${sentenceOf(change)} <span class="muted" title=${formatTime(change.at)}>${formatAgo(
          change.at,
        )}${change.by && ` by ${change.by}`}</span></li>
      `
    )}</ul>
  `;
}

function sentenceOf({ event, name, version, alias, was, href }: Change) {
  const ref = version === undefined ? name : `${name}@${version}`;
  const link = event === "deleted" ? ref : html`<a href=${href ?? hrefOfRef(ref)}>${ref}</a>`;
  if (alias === undefined) return [link, ` ${event}`];
  const before = was !== undefined && was !== version && ` from ${was}`;
  const verb = event !== "aliased" ? "removed from" : was ? "moved to" : "set to";
  return html`<span class="tag tag-alias">${alias}</span> ${verb} ${link}${before}`;
}
