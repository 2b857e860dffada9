// A form for the rules of prune: it shows what they would delete and free, and deletes nothing.
import { useSession } from "../../api/context.ts";
import { SameByCode } from "../../components/copy_box.ts";
import { formatBytes, formatCount, formatNumber } from "../../components/format.ts";
import { Shown } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { useState } from "../../framework/preact.ts";
import { hrefOf } from "../../framework/router.ts";
import { useLoaded } from "../../framework/use_loaded.ts";

interface Plan {
  readonly deleted: readonly { name: string; version: string }[];
  readonly kept: number;
  readonly freedBytes: number;
}

interface Rules {
  readonly keepLast?: number;
  readonly olderThanMs?: number;
}

const DAY_MS = 86_400_000;
const SHOWN = 50;

export function PruneForm() {
  const [keepLast, setKeepLast] = useState("3");
  const [days, setDays] = useState("");
  const [rules, setRules] = useState<Rules>();
  const submit = (event: Event) => {
    event.preventDefault();
    setRules({
      keepLast: keepLast === "" ? undefined : Number(keepLast),
      olderThanMs: days === "" ? undefined : Number(days) * DAY_MS,
    });
  };
  const value = (event: Event) => (event.currentTarget as HTMLInputElement).value;
  return html`
    <section class="card stack" aria-labelledby="prune">
      <h2 id="prune">What would prune free?</h2>
      <form class="row" onSubmit=${submit}>
        <label class="field">Keep the newest
          <input type="number" min="0" value=${keepLast} onInput=${(event: Event) =>
            setKeepLast(value(event))} /></label>
        <label class="field">Delete only if older than (days)
          <input type="number" min="0" value=${days} onInput=${(event: Event) =>
            setDays(value(event))} /></label>
        <button type="submit" class="button" disabled=${keepLast === "" &&
          days === ""}>Calculate</button>
      </form>
      ${rules && html`<${PlanOf} rules=${rules} />`}
    </section>
  `;
}

function PlanOf({ rules }: { rules: Rules }) {
  const { service } = useSession();
  const plan = useLoaded(
    (signal) => service.json<Plan>("space/prune", { query: { ...rules }, signal }),
    [rules],
  );
  return html`
    <${Shown} of=${plan} what="Reading versions">${({ deleted, kept, freedBytes }: Plan) =>
      html`
        <p
          role="status"><strong>Frees ${formatBytes(freedBytes)}</strong>: deletes ${formatCount(
            deleted.length,
            "version",
          )}, keeps ${formatNumber(kept)}. Versions with an alias are kept.</p>
        ${deleted.length > 0 &&
          html`<details class="same"><summary>Versions that it deletes</summary>
        <ul>${
            deleted.slice(0, SHOWN).map(({ name, version }) =>
              html`<li><a href=${hrefOf(["artifacts", name, version])}>${name}@${version}</a></li>`
            )
          }</ul>${
            deleted.length > SHOWN &&
            html`<p>… and ${formatCount(deleted.length - SHOWN, "more version")}.</p>`
          }
      </details>`}
      `}<//>
    <${SameByCode} ...${codeOf(rules)} />
  `;
}

function codeOf({ keepLast, olderThanMs }: Rules): { cli: string; code: string } {
  const flags = [
    ...(keepLast === undefined ? [] : [`--keep-last ${keepLast}`]),
    ...(olderThanMs === undefined ? [] : [`--older-than ${olderThanMs / DAY_MS}d`]),
  ];
  return {
    cli: `holdfast prune ${flags.join(" ")} --dry-run`,
    code: `import { prune } from "@holdfast/holdfast/maintenance";

const plan = await prune(registry, ${JSON.stringify({ keepLast, olderThanMs, dryRun: true })});`,
  };
}
