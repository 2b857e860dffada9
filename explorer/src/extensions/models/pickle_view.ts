// Pickles, which are never opened. Those of PyTorch are ZIP files: the names of their entries are
// read.
import type { ArtifactFile } from "../../artifact_file.ts";
import { whenLoaded } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { Entries } from "../../previews/archives/archive_view.ts";
import { listArchive } from "../../previews/archives/list_archive.ts";
import { useFiles } from "../../previews/parts.ts";
import { BytesView } from "../../previews/text/text_view.ts";

export function PickleView({ file }: { file: ArtifactFile }): VNode {
  const loaded = useFiles(async (signal) => {
    const [first, second] = await file.read(0, Math.min(2, file.size), signal);
    const isZip = first === 0x50 && second === 0x4b;
    return { found: isZip ? await listArchive(file, signal) : undefined };
  }, file);
  return html`
    <p class="note warning">
      This file is never opened: a pickle can run code when it is loaded. Load it only if you trust
      its author, from PyTorch with <code>torch.load(path, weights_only=True)</code>. Weights in
      safetensors run nothing, and are shown here.
    </p>
    ${whenLoaded(
      loaded,
      ({ found }) =>
        found === undefined
          ? html`<${BytesView} file=${file} />`
          : html`<${Entries} found=${found} file=${file} />`,
    )}
  `;
}
