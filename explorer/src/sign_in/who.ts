// The name of the reader, and the rights of their token.
import type { Rights } from "../api/service.ts";
import { FactList } from "../components/fact_list.ts";
import { formatTime } from "../format/format.ts";
import { elementOf } from "../framework/element_of.ts";
import { html } from "../framework/html.ts";
import { useRef } from "../framework/preact.ts";
import { shownIssuer } from "./sign_in_form.ts";

/** A button with the name, which opens the rights. */
export function Who({ rights }: { rights: Rights }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { by, issuer, scopes, expiresAt, writable } = rights;
  const name = by?.name ?? "Token";
  const facts = [
    ["Signed in as", name],
    ["Provider", issuer && shownIssuer(issuer)],
    ["Token", by?.token],
    ["Until", expiresAt && formatTime(expiresAt)],
    ["Scopes", scopes.map((scope) => html`<div><code>${scope}</code></div>`)],
    ["", !writable && "This service is read-only."],
  ] as const;
  return html`
    <button type="button" class="button button-quiet who" title=${`Signed in as ${name}`}
      onClick=${() => elementOf(dialog).showModal()}>${name}</button>
    <dialog ref=${dialog} aria-label="Signed in">
      <form method="dialog">
        <${FactList} facts=${facts} />
        <div class="row dialog-end"><button class="button button-main">Close</button></div>
      </form>
    </dialog>
  `;
}
