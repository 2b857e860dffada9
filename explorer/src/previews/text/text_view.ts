// Text and bytes, a part at a time.
import type { ArtifactFile } from "../../artifact_file.ts";
import { formatBytes } from "../../format/format.ts";
import { whenLoaded } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { Code, languageOf } from "../code/code.ts";
import { LeftOut } from "../parts.ts";
import { Scroll, Steps } from "../../components/long_content.ts";
import { useQueryNumber } from "../../framework/use_query.ts";
import { decodePart, hexRows } from "./text_part.ts";

const TEXT_BYTES = 64 * 1024;
const HEX_BYTES = 1024;

/** Text as it is: nothing in it is interpreted. Code has colors. */
export function TextView({ file }: { file: ArtifactFile }): VNode {
  const language = languageOf(/[^.]*$/.exec(file.path)![0]);
  return html`
    <${Part} file=${file} step=${TEXT_BYTES} show=${textOf} label="Text" language=${language} />
  `;
}

export function BytesView({ file }: { file: ArtifactFile }): VNode {
  return html`<${Part} file=${file} step=${HEX_BYTES} show=${hexRows} label="Bytes" />`;
}

function textOf(bytes: Uint8Array, from: number, size: number): string {
  return decodePart(bytes, { isStart: from === 0, isEnd: from + bytes.byteLength >= size });
}

function Part({ file, step, show, label, language }: {
  file: ArtifactFile;
  step: number;
  show(bytes: Uint8Array, from: number, size: number): string;
  label: string;
  language?: string;
}): VNode {
  const [asked, setFrom] = useQueryNumber("from");
  const from = asked < file.size ? asked : 0;
  const loaded = useLoaded(
    (signal) => file.read(from, Math.min(step, file.size - from), signal),
    [file.ref, file.digest, file.path, from, step],
  );
  if (file.size === 0) return html`<p class="note">This file is empty.</p>`;
  const isCut = file.size > step;
  return whenLoaded(loaded, (bytes) =>
    html`
      ${isCut && html`<${LeftOut} file=${file}>
        ${formatBytes(step)} of ${formatBytes(file.size)} are shown.
      <//>`}
      <${Scroll} label=${`${label} of ${file.path}`}>
        <pre tabindex="0" class=${label === "Text" ? "wrapped" : "hex"}><${Code}
          text=${show(bytes, from, file.size)} language=${language} /></pre>
      <//>
      ${isCut && html`
        <${Steps} from=${from} step=${step} shown=${bytes.byteLength}
          total=${file.size} unit="bytes" go=${setFrom} />
      `}
    `);
}
