// Pickles, which are never opened. Those of PyTorch are ZIP files: the names of their entries are
// read.
import { html, useFiles, type VNode, whenLoaded } from "../../extending.ts";
import type { FileProps } from "../../extension.ts";

export function PickleView({ file, as }: FileProps): VNode {
  const loaded = useFiles(async (signal) => {
    const [first, second] = await file.read(0, Math.min(2, file.size), signal);
    return first === 0x50 && second === 0x4b ? "archive" : "bytes";
  }, file);
  return html`
    <p class="note warning">
      This file is never opened: a pickle can run code when it is loaded. Load it only if you trust
      its author, from PyTorch with <code>torch.load(path, weights_only=True)</code>. Weights in
      safetensors run nothing, and are shown here.
    </p>
    ${whenLoaded(loaded, as)}
  `;
}
