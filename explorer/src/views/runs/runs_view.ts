// Runs that programs log to, before they are versions.
import { useSession } from "../../api/context.ts";
import { notInSite } from "../../api/service.ts";
import { CopyBox, SameByCode } from "../../components/copy_box.ts";
import { onValue } from "../../components/field.ts";
import { Empty, ErrorNotice, Loading } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import type { ComponentChildren } from "../../framework/preact.ts";
import { useQuery } from "../../framework/use_query.ts";
import { LoggedRuns } from "./logged_runs.ts";
import { useLoggedRuns } from "./use_logged_runs.ts";

const CODE = `import { readLoggedRuns } from "@holdfast/holdfast/runs";

for await (const { name, id, state } of readLoggedRuns(registry)) console.log(name, id, state);`;

export function RunsView() {
  const { service } = useSession();
  const [filter, setFilter] = useQuery("filter");
  const runs = useLoggedRuns({ metrics: true });
  if (service.isSite) return html`<${ErrorNotice} error=${notInSite()} />`;
  return html`
    <div class="stack whole">
      <h1>Runs</h1>
      <${RunFilter} filter=${filter} change=${setFilter} />
      ${runs === undefined
        ? html`<${Loading} what="Reading runs" />`
        : runs.items.length === 0
        ? html`<${NoRuns} docs="runs.md" />`
        : html`
          <${FoundRuns} filter=${filter} change=${setFilter}>
            <${LoggedRuns} runs=${runs.items} isCut=${runs.isCut} filter=${filter} />
            <//>
        `}
      <${SameByCode} cli="holdfast runs ls" code=${CODE} />
    </div>
  `;
}

export function RunFilter(
  { filter, change }: { filter: string; change: (filter: string) => void },
) {
  return html`
    <div class="fields">
      <label class="grow">Filter runs
        <input type="search" value=${filter} onInput=${onValue(change)}
          placeholder="state=failed rate>0.1" spellcheck=${false} autocomplete="off" /></label>
    </div>
  `;
}

/** Tables of runs. If none of them has a run that meets the filter, this says so. */
export function FoundRuns({ filter, change, children }: {
  filter: string;
  change: (filter: string) => void;
  children?: ComponentChildren;
}) {
  return html`
    <div class="stack found">
      ${children}
      ${filter !== "" && html`
        <div class="none-found">
          <${Empty} title="No run meets the filter">
            <p><button type="button" class="button" onClick=${() =>
              change("")}>Show all runs</button></p>
            <//>
            </div>
      `}
    </div>
  `;
}

/** Says how to begin a run. The children say other ways. */
export function NoRuns({ docs, children }: { docs: string; children?: ComponentChildren }) {
  return html`
    <${Empty} title="There are no runs" docs=${docs}>
      ${children}
      <p>Programs that log values appear here:</p>
      <${CopyBox} label="Log values" text="./train | holdfast runs log my:model" />
      <//>
  `;
}
