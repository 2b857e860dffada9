// The curves of several runs of a name that programs log to, together and live.
import { hrefOf, hrefOfRef, html, useRef } from "../../extending.ts";
import { Empty, ErrorNotice, Loading, lookOf, MOST_LOOKS } from "../../extending.ts";
import { type LoggedRun, notInSite, useSession } from "../../extending.ts";
import { LoggedRuns } from "../../views/runs/logged_runs.ts";
import { useLoggedRuns } from "../../views/runs/use_logged_runs.ts";
import { RowCurves } from "./row_curves.ts";

export function ComparedRuns({ name, ids }: {
  name: string;
  /** Those that are drawn. @default the newest that are not finished */
  ids: readonly string[];
}) {
  const { service } = useSession();
  const listed = useLoggedRuns({ name, metrics: true });
  const seen = useRef(new Map<string, LoggedRun>());
  // A run that finishes leaves the list, and stays drawn.
  for (const run of listed?.items ?? []) seen.current.set(run.id, run);
  const known = [...seen.current.values()].sort((a, b) => a.startedAt > b.startedAt ? 1 : -1);
  const all = ids.length > 0 ? ids : known.map(({ id }) => id);
  // Each keeps its look while others begin.
  const drawn = all.map((id, i) => ({ label: id, run: id, look: lookOf(i) })).slice(-MOST_LOOKS);
  if (service.isSite) return html`<${ErrorNotice} error=${notInSite()} />`;
  return html`
    <div class="stack whole">
      <nav class="crumbs" aria-label="Path"><a href=${hrefOfRef(name)}>${name}</a> / <a
        href=${hrefOf(["runs"])}>Runs</a></nav>
      <h1>Runs of ${name}</h1>
      ${listed === undefined && ids.length === 0 && html`<${Loading} what="Reading runs" />`}
      ${listed && all.length === 0 && html`
        <${Empty} title="No run of this name is unfinished">
          <p>Those that are finished are <a href=${hrefOfRef(name)}>versions</a>.</p>
          <//>
      `}
      ${all.length > drawn.length && html`
        <p class="note">The curves of the last ${drawn.length} of ${all.length} runs are drawn.
          Filter <a href=${hrefOf(["runs"])}>all runs</a> to compare others.</p>
      `}
      ${drawn.length > 0 && html`
        <${RowCurves} name=${name} rows=${drawn} />
      `}
      ${listed &&
        html`
          <${LoggedRuns} runs=${listed.items} isCut=${listed.isCut} isOfName hasLink=${false} />
        `}
    </div>
  `;
}
