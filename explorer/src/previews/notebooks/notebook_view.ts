// A notebook: its Markdown, code and stored outputs. Nothing runs; HTML stays text.
import type { ArtifactFile, ArtifactVersion } from "../../artifact_file.ts";
import { whenLoaded } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { useMemo, type VNode } from "../../framework/preact.ts";
import { Code, languageOf } from "../code/code.ts";
import { useImage } from "../images/image_view.ts";
import { LeftOut, useFiles } from "../parts.ts";
import { useMore } from "../../components/long_content.ts";
import { JsonTree } from "../text/json_tree.ts";
import { Markdown } from "../text/markdown_view.ts";
import { TextView } from "../text/text_view.ts";
import { type Cell, type Notebook, type Output, readNotebook } from "./read_notebook.ts";

/** Cells that are shown at a time. */
const STEP = 100;

interface Around {
  readonly file: ArtifactFile;
  readonly version: ArtifactVersion;
}

export function NotebookView({ file, version }: Around): VNode {
  const loaded = useFiles((signal) => readNotebook(file, signal), file);
  return whenLoaded(loaded, (notebook) => {
    if ("cells" in notebook) {
      return html`<${Cells} notebook=${notebook} file=${file} version=${version} />`;
    }
    return html`
      <${LeftOut} file=${file}>${notebook.problem}<//>
      <${TextView} file=${file} />
    `;
  });
}

function Cells(
  { notebook: { cells, language }, file, version }: Around & { notebook: Notebook },
): VNode {
  const [shown, more] = useMore(cells.length, STEP, "cell");
  return html`
    <div class="stack">
      ${cells.slice(0, shown).map((cell, i) =>
        html`
          <${CellView} key=${i} cell=${cell} language=${language} number=${i}
            file=${file} version=${version} />
        `
      )}
      ${more}
    </div>
  `;
}

function CellView({ cell, language, number, file, version }: Around & {
  cell: Cell;
  language: string;
  number: number;
}): VNode {
  const { kind, source, count, outputs } = cell;
  if (kind === "markdown") {
    return html`<${Markdown} text=${source} from=${file.path} version=${version} />`;
  }
  return html`
    <div class="cell-code">
      <span class="muted mono" aria-hidden="true">${kind === "code"
        ? `[${count ?? " "}]`
        : ""}</span>
      <div class="stack">
        ${source !== "" && html`<pre class="wrapped" tabindex="0"><${Code} text=${source}
          language=${kind === "code" ? languageOf(language) : undefined} /></pre>`}
        ${outputs.map((output, i) =>
          html`
            <${OutputView} key=${i} output=${output} id=${`${number} ${i}`} file=${file}
              version=${version} />
          `
        )}
      </div>
    </div>
  `;
}

function OutputView(
  { output, id, file, version }: Around & { output: Output; id: string },
): VNode {
  switch (output.kind) {
    case "image":
      return html`<${OutputImage} bytes=${output.bytes} id=${id} file=${file} />`;
    case "json":
      return html`<${JsonTree} value=${output.value} />`;
    case "markdown":
      return html`<${Markdown} text=${output.text} from=${file.path} version=${version} />`;
    case "html":
      return html`
        <details>
          <summary>HTML, as text</summary>
          <pre class="wrapped">${output.text}</pre>
        </details>
      `;
    case "other":
      return html`<p class="muted">An output of ${output.type}, which is not shown.</p>`;
    default:
      return html`
        <pre class=${output.kind === "error" ? "output removed" : "output"}
          tabindex="0">${output.text}</pre>
      `;
  }
}

function OutputImage({ bytes, id, file: { ref } }: {
  bytes: Uint8Array<ArrayBuffer>;
  id: string;
  file: ArtifactFile;
}): VNode | null {
  const file = useMemo((): ArtifactFile => ({
    ref,
    path: id,
    digest: id,
    size: bytes.byteLength,
    mediaType: "",
    url: "",
    read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
    text: () => Promise.resolve({ text: "", truncated: false }),
  }), [bytes]);
  const { value, url } = useImage(file);
  if (value !== undefined && "problem" in value) return html`<p class="muted">${value.problem}</p>`;
  if (value === undefined || url === undefined) return null;
  const { width, height } = value.size;
  return html`<div><img src=${url} alt="Output" width=${width} height=${height} /></div>`;
}
