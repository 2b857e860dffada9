// Two versions side by side.
import type { ArtifactVersion } from "../artifact_file.ts";
import { openVersion } from "../api/artifacts.ts";
import { useSession } from "../api/context.ts";
import { Comparison } from "../compare/mod.ts";
import { SameByCode, shellWord } from "../components/copy_box.ts";
import { Shown } from "../components/notices.ts";
import { RefField } from "../components/ref_field.ts";
import { html } from "../framework/html.ts";
import { useState } from "../framework/preact.ts";
import { hrefOf, openPlace } from "../framework/router.ts";
import { useLoaded } from "../framework/use_loaded.ts";
import type { ViewProps } from "./mod.ts";

export function CompareView({ place: { query: { left = "", right = "", path } } }: ViewProps) {
  return html`
    <div class="stack">
      <h1>Compare</h1>
      <${Sides} key=${`${left} ${right}`} left=${left} right=${right} />
      ${left !== "" && right !== "" &&
        html`<${Compared} left=${left} right=${right} path=${path} />`}
    </div>
  `;
}

function Sides(given: { left: string; right: string }) {
  const [left, setLeft] = useState(given.left);
  const [right, setRight] = useState(given.right);
  const submit = (event: Event) => {
    event.preventDefault();
    openPlace(hrefOf(["compare"], { left: left.trim(), right: right.trim() }));
  };
  const swap = () => openPlace(hrefOf(["compare"], { left: right, right: left }));
  return html`
    <form class="card row" onSubmit=${submit}>
      <${RefField} label="Left" value=${left} change=${setLeft} />
      <${RefField} label="Right" value=${right} change=${setRight} />
      <div class="row">
        <button type="submit" class="button button-main">Compare</button>
        <button type="button" class="button" onClick=${swap} disabled=${left === "" ||
          right === ""}>Swap</button>
      </div>
    </form>
  `;
}

function Compared({ left, right, path }: { left: string; right: string; path?: string }) {
  const { service } = useSession();
  const sides = useLoaded(
    (signal) =>
      Promise.all([left, right].map((ref) => openVersion(service, splitRef(ref), signal))),
    [left, right],
  );
  return html`
    <${Shown} of=${sides} what="Opening both versions">${([left, right]: ArtifactVersion[]) =>
      html`<${Comparison} left=${left} right=${right} path=${path} />`}<//>
    <${SameByCode} cli=${`holdfast diff ${shellWord(left)} ${shellWord(right)}`}
      code=${`const refs = ${JSON.stringify([left, right])};
const [left, right] = await Promise.all(refs.map((ref) => registry.info(ref)));
console.log(left.digest === right.digest ? "same" : "different");`} />
  `;
}

/** Splits `name@version`; a name alone is its latest version. */
function splitRef(ref: string): { name: string; version: string } {
  const [, name = ref, version = "latest"] = /^(.*)@([^@]*)$/s.exec(ref) ?? [];
  return { name, version };
}
