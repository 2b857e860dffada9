// Saves the view of the address as a version.
import { Dialog, FactList, html, TextField, usePlace, useState } from "../../extending.ts";
import { namePath, useSession } from "../../extending.ts";
import { contentOf, contentProblem, hrefOfView, titleProblem } from "./view_record.ts";
import { viewsName } from "./views_name.ts";

export function SaveViewDialog({ name, titles, saved, close }: {
  name: string;
  /** Those of the views that there are. */
  titles: readonly string[];
  saved: () => void;
  close: () => void;
}) {
  const { service } = useSession();
  const [typed, setTyped] = useState("");
  const title = typed.trim();
  const content = contentOf(usePlace());
  if (content === undefined) return null;
  const problem = contentProblem(name, content) ??
    (typed === "" ? undefined : titleProblem(title));
  const run = async () => {
    await service.json(`${namePath(viewsName(name))}/versions`, {
      method: "POST",
      json: {
        materializer: { id: "text", formatVersion: 1 },
        // The address, for people who load the version. The page reads the metadata.
        files: [{ path: "text.txt", data: btoa(hrefOfView(name, content)) }],
        metadata: { title, ...content },
      },
    });
    saved();
  };
  return html`
    <${Dialog} title="Save view" action="Save" run=${run} close=${close}
      disabled=${title === "" || problem !== undefined}>
      <${TextField} label="Title" value=${typed} change=${setTyped} name="title" required />
      ${titles.includes(title) && html`
        <p class="muted">This replaces the view with this title, which stays in the history.</p>
      `}
      ${problem !== undefined && html`<p class="muted" role="status">${problem}</p>`}
      <${FactList} facts=${Object.entries(content.query)} label="What is saved" isMono />
      <p class="muted">A version of <span class="mono">${viewsName(name)}</span>, which all who may
        read that name can open.</p>
      <//>
  `;
}
