// The signatures of a version as facts.
import { CopyButton, FactList, formatCount, formatTime, html, shellWord } from "../../extending.ts";
import type { LabelProps } from "../../extension.ts";
import { visible } from "./certificate.ts";
import { claimedIn, type ClaimedSignature } from "./stored.ts";

/** Characters shown of an invalid id. */
const MOST_OF_ID = 40;

/** Shows who claims to have signed a version. */
export function Signatures({ value, of }: LabelProps) {
  const all = claimedIn(value);
  if (all.length === 0) return null;
  const command = `holdfast signatures ${shellWord(of)} --signed-by key.pub`;
  return html`
    <section class="stack" aria-label="Signatures">
      <h2>${formatCount(all.length, "signature")}, not verified</h2>
      <p class="note">This page has no keys: it shows what the signatures say about themselves. To
        verify them, run <code>${command}</code> <${CopyButton} text=${command} label="command" /></p>
      ${all.map(([id, claimed]) =>
        claimed === undefined
          ? html`<p>Signature ${visible(id).slice(0, MOST_OF_ID)} cannot be read.</p>`
          : html`<${FactList} facts=${factsOf(claimed)} label=${`Signature ${id}`} />`
      )}
    </section>
  `;
}

function factsOf(
  { id, keyHash, algorithm, subject, addedAt, files, certificate, loggedAt }: ClaimedSignature,
) {
  const { identities = [], provider, subject: owner, issuer, validFrom, validTo } = certificate ??
    {};
  const who = identities.join(", ") || owner;
  const content = files === undefined ? "all files of the version" : formatCount(files, "file");
  return [
    ["Signer", who !== undefined && who !== "" && who],
    ["Identity from", provider],
    ["Issuer", certificate !== undefined && issuer],
    [
      "Certificate valid",
      validFrom !== undefined && validTo !== undefined &&
      `${formatTime(validFrom)} to ${formatTime(validTo)}`,
    ],
    [
      "Key",
      html`
        <code title=${keyHash}>${id}</code> <${CopyButton} label="key fingerprint" text=${keyHash} />
      `,
    ],
    ["Algorithm", algorithm ?? "unknown"],
    ["Covers", `the SHA-256 of ${content}, as ${subject}`],
    ["Added", html`<span title=${addedAt}>${formatTime(addedAt)}</span>`],
    [
      "Logged",
      loggedAt !== undefined &&
      html`<span title=${loggedAt}>${formatTime(loggedAt)}</span>`,
    ],
  ] as const;
}
