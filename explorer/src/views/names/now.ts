// Runs that are running, and names with aliases: people look for these first.
import type { LoggedRun } from "../../api/logged_runs.ts";
import { useSession, useVersionRuns } from "../../api/context.ts";
import { breakable } from "../../components/breakable.ts";
import { formatAgo, formatCount, formatTime } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import { hrefOf } from "../../framework/router.ts";
import { useInterval } from "../../framework/use_interval.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import type { OpenRun } from "../../extension.ts";
import type { FoundVersion, Promoted } from "./found_list.ts";

/** Runs and names that are shown. */
const MOST = 6;
/** Aliases of a name that are shown. */
const MOST_ALIASES = 3;

export function Now({ names, runs = [], promoted, details }: {
  /** All names of the registry. */
  names: readonly string[];
  /** The newest first. */
  runs?: readonly LoggedRun[];
  promoted: ReadonlyMap<string, Promoted>;
  /** The newest version of each name. */
  details: ReadonlyMap<string, FoundVersion>;
}) {
  const running = runs.filter(({ state }) => state === "running");
  const savedAt = ([name]: readonly [string, Promoted]) =>
    Date.parse(details.get(name)?.createdAt ?? "") || 0;
  const aliased = [...promoted].toSorted((a, b) => savedAt(b) - savedAt(a));
  const open = useOpenRuns(names);
  const entries = [
    ...running.map((run) => ({ at: run.startedAt, entry: runEntry(run) })),
    ...open.filter(({ silentSince }) => silentSince === undefined)
      .map((run) => ({ at: run.startedAt, entry: openEntry(run) })),
  ].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  const silent = open.filter(({ silentSince }) => silentSince !== undefined);
  // Runs of pipelines have another state: they may have been killed.
  const all = hrefOf(["runs"], open.length === 0 ? { filter: "state=running" } : {});
  return html`
    ${entries.length + silent.length > 0 && html`
      <section class="card stack now" aria-label="Running">
        <h2>Running</h2>
        <ul class="entries">${entries.slice(0, MOST).map(({ entry }) => entry)}</ul>
        ${entries.length > MOST && html`<p><a href=${all}>All runs</a></p>`}
        ${silent.length > 0 && html`
          <details>
            <summary>${formatCount(silent.length, "run")} without activity for a day</summary>
            <ul class="entries">${silent.slice(0, MOST).map(openEntry)}</ul>
          </details>
        `}
      </section>
    `}
    ${aliased.length > 0 && html`
      <section class="card stack now" aria-label="Aliases">
        <h2>Aliases</h2>
        <ul class="entries">${aliased.slice(0, MOST).map(aliasEntry)}</ul>
        ${aliased.length > MOST &&
          html`<p class="muted">${
            formatCount(aliased.length - MOST, "more name")
          } with an alias: the
            list of names shows them.</p>`}
      </section>
    `}
  `;
}

/** Newest runs of extensions that are read, and milliseconds between two reads. */
const READ = 100, LIVE_MS = 10_000;

/** Reads the open runs of extensions, periodically. */
function useOpenRuns(names: readonly string[]): readonly OpenRun[] {
  const { service } = useSession();
  const known = useVersionRuns();
  const { value, loading, reload } = useLoaded(async (signal) => {
    const loaded = await known?.load();
    return await loaded?.readOpen(service, { names, limit: READ, signal }) ?? [];
  }, [names.length]);
  useInterval(reload, LIVE_MS, known !== undefined && !loading && !service.isSite);
  return value ?? [];
}

function openEntry({ id, href, startedAt, state, silentSince }: OpenRun) {
  const [event, at] = silentSince === undefined
    ? ["began", startedAt]
    : ["last active", silentSince];
  return html`
    <li key=${href}>
      <div><a href=${href}>${breakable(id)}</a></div>
      <span class="muted" title=${formatTime(at)}>${state}, ${event} ${formatAgo(at)}</span>
    </li>
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
