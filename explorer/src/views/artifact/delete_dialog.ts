// Deletes a version, after showing what that frees.
import type { ArtifactVersion } from "../../artifact_file.ts";
import { namePath } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import { SameByCode, shellWord } from "../../components/copy_box.ts";
import { Dialog } from "../../components/dialog.ts";
import { formatBytes, formatMs } from "../../format/format.ts";
import { Shown } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { hrefOf, openPlace } from "../../framework/router.ts";
import { useState } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import type { VersionSpaces } from "./space_panel.ts";

export function DeleteDialog(
  { version: { name, version, commit, size }, aliases, close, deleted }: {
    version: ArtifactVersion;
    aliases: readonly string[];
    close: () => void;
    deleted: () => void;
  },
) {
  const { service, about, announce } = useSession();
  const [force, setForce] = useState(false);
  const path = namePath(name);
  const space = useLoaded(
    (signal) =>
      service.json<VersionSpaces>(`${path}/space`, { query: { deleting: version }, signal }),
    [name, version],
  );
  const ref = `${name}@${version}`;
  const run = async () => {
    const query = { ifCommit: commit, force: force || undefined };
    const at = `${path}/versions/${encodeURIComponent(version)}`;
    await service.ask(at, { method: "DELETE", query });
    const restore = async () => {
      await service.ask(`${at}/undelete`, { method: "POST" });
      openPlace(hrefOf(["artifacts", name, version]));
    };
    announce({
      text: `${ref} is deleted`,
      undo: restore,
    });
    deleted();
  };
  return html`
    <${Dialog} title=${`Delete ${ref}?`} action="Delete" danger run=${run} close=${close}
      disabled=${aliases.length > 0 && !force}>
      <${Shown} of=${space} what="Measuring what this frees">${({ freedBytes }: VersionSpaces) =>
        html`<p><strong>Frees ${formatBytes(freedBytes)}</strong>${
          freedBytes < size ? ` of its ${formatBytes(size)}: other versions use the rest` : ""
        }, once <code>gc</code> runs.</p>`}<//>
      <p>It can be restored for ${formatMs(about.settings.graceMs)}. Its number is never used for
        another version.</p>
      ${aliases.length > 0 && html`<label class="check"><input type="checkbox" checked=${force}
      onChange=${() => setForce(!force)} /> Delete it although ${aliases.join(", ")} ${
        aliases.length === 1 ? "points" : "point"
      } to it</label>`}
      <${SameByCode} cli=${`holdfast rm ${shellWord(ref)}${force ? " --force" : ""}`}
        code=${`await registry.delete(${JSON.stringify(ref)}${
          force ? ", { force: true }" : ""
        });`} />
    <//>
  `;
}
