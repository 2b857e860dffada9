// The members of a release.
import type { Release } from "../../../../core/registry/release.ts";
import { useSession } from "../../api/context.ts";
import { Shown } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { hrefOfRef } from "../../framework/router.ts";
import { useLoaded } from "../../framework/use_loaded.ts";

const TAGS = { present: "tag-good", missing: "tag-bad", changed: "tag-warn" };

/** `path` is that of the version. */
export function MembersList({ path }: { path: string }) {
  const { service } = useSession();
  const release = useLoaded(
    (signal) => service.json<Release>(`${path}/members`, { signal }),
    [path],
  );
  return html`<${Shown} of=${release} what="Reading the members">${({ members }: Release) =>
    html`
      <section class="card" aria-label="Members">
        <dl class="facts">${Object.entries(members).map(([key, { ref, state }]) =>
          html`
            <dt>${key}</dt>
            <dd><a href=${hrefOfRef(ref)}>${ref}</a>
                        <span class=${`tag ${TAGS[state]}`}>${state}</span></dd>
          `
        )}</dl>
      </section>
    `}<//>`;
}
