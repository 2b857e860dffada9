// Saves a file to the disk of the reader.
import type { ArtifactFile } from "../../artifact_file.ts";
import { useSession } from "../../api/context.ts";
import { CopyBox, shellWord } from "../../components/copy_box.ts";
import { formatBytes } from "../../components/format.ts";
import { ErrorNotice } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { useState } from "../../framework/preact.ts";

/** Larger files with a token are not held in memory: the command line streams them. */
const MOST_IN_MEMORY = 256 * 1024 ** 2;

export function DownloadButton({ file }: { file: ArtifactFile }) {
  const { service } = useSession();
  const [state, setState] = useState<{ busy?: boolean; error?: unknown; tooLarge?: boolean }>({});
  const name = file.path.slice(file.path.lastIndexOf("/") + 1);
  const label = `Download, ${formatBytes(file.size)}`;
  // A link carries no token. Without one the browser streams the file.
  if (!service.hasToken) {
    return html`<a class="button button-small" href=${file.url} download=${name}>${label}</a>`;
  }
  const download = async () => {
    if (file.size > MOST_IN_MEMORY) return setState({ tooLarge: true });
    setState({ busy: true });
    try {
      const bytes = await file.read(0, file.size);
      const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
      const link = document.createElement("a");
      link.href = url;
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      setState({});
    } catch (error) {
      setState({ error });
    }
  };
  return html`
    <button type="button" class="button button-small" disabled=${state.busy}
      onClick=${download}>${state.busy ? "Downloading…" : label}</button>
    ${state.error !== undefined && html`<${ErrorNotice} error=${state.error} />`}
    ${state.tooLarge && html`
      <div class="stack">
        <p class="muted">This file is too large for the memory of a page:</p>
        <${CopyBox} label="Download" text=${`holdfast download ${shellWord(file.ref)} ./here`} />
      </div>
    `}
  `;
}
