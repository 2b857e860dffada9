// Runs that are running, and names with aliases: people look for these first.
import type { LoggedRun } from "../../api/logged_runs.ts";
import { breakable } from "../../components/breakable.ts";
import { formatAgo, formatCount, formatTime } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import { hrefOf } from "../../framework/router.ts";
import type { FoundVersion, Promoted } from "./found_list.ts";

/** Runs and names that are shown. */
const MOST = 6;
/** Aliases of a name that are shown. */
const MOST_ALIASES = 3;

export function Now({ runs = [], promoted, details }: {
  /** The newest first. */
  runs?: readonly LoggedRun[];
  promoted: ReadonlyMap<string, Promoted>;
  /** The newest version of each name. */
  details: ReadonlyMap<string, FoundVersion>;
}) {
  const running = runs.filter(({ state }) => state === "running");
  const savedAt = ([name]: readonly [string, Promoted]) =>
    Date.parse(details.get(name)?.createdAt ?? "") || 0;
  const names = [...promoted].toSorted((a, b) => savedAt(b) - savedAt(a));
  return html`
    ${running.length > 0 && html`
      <section class="card stack now" aria-label="Running">
        <h2>Running</h2>
        <ul class="entries">${running.slice(0, MOST).map(runEntry)}</ul>
        ${running.length > MOST &&
          html`<p><a href=${hrefOf(["runs"], { filter: "state=running" })}>All ${
            formatCount(
              running.length,
              "run",
            )
          }</a></p>`}
      </section>
    `}
    ${names.length > 0 && html`
      <section class="card stack now" aria-label="Aliases">
        <h2>Aliases</h2>
        <ul class="entries">${names.slice(0, MOST).map(aliasEntry)}</ul>
        ${names.length > MOST &&
          html`<p class="muted">${formatCount(names.length - MOST, "more name")} with an alias: the
            list of names shows them.</p>`}
      </section>
    `}
  `;
}

function runEntry({ name, id, points, startedAt }: LoggedRun) {
  return html`
    <li>
      <div><a href=${hrefOf(["logged", name, id])}>${breakable(id)}</a> of ${breakable(name)}</div>
      <span class="muted" title=${formatTime(startedAt)}>${formatCount(
        points,
        "point",
      )}, began ${formatAgo(startedAt)}</span>
    </li>
  `;
}

function aliasEntry([name, { aliases, metric }]: readonly [string, Promoted]) {
  return html`
    <li>
      <div><a href=${hrefOf(["artifacts", name])}>${breakable(name)}</a></div>
      <span class="tags">${aliases.slice(0, MOST_ALIASES).map((alias) =>
        html`<a class="tag tag-alias" href=${hrefOf(["artifacts", name, alias])}>${alias}</a>`
      )}${aliases.length > MOST_ALIASES &&
        html`<span class="muted">+${aliases.length - MOST_ALIASES}</span>`}${metric &&
        html`<span class="muted" title=${metric.title}>${metric.text}</span>`}</span>
    </li>
  `;
}
