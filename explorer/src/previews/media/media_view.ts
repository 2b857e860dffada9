// Sound and film, played by the browser from memory, and PDF, which is not shown.
import type { ArtifactFile } from "../../artifact_file.ts";
import { Chart } from "../../components/charts/chart.ts";
import { formatBytes, numberText } from "../../format/format.ts";
import { whenLoaded } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { useEffect, useMemo, useState, type VNode } from "../../framework/preact.ts";
import { LeftOut, useFiles } from "../parts.ts";
import { waveOf } from "./wave.ts";

/** Larger files are loaded when asked for, or not at all. */
const AT_ONCE_BYTES = 16 * 1024 * 1024;
const MAX_BYTES = 256 * 1024 * 1024;

/** Types that are played. The bytes decide: playlists, which name other files, are none of them. */
const TYPES: readonly [type: string, mark: string, at: number][] = [
  ["audio/wav", "WAVE", 8],
  ["audio/ogg", "OggS", 0],
  ["audio/flac", "fLaC", 0],
  ["audio/mpeg", "ID3", 0],
  ["audio/mpeg", "\xff\xfb", 0],
  ["audio/mpeg", "\xff\xf3", 0],
  ["audio/aac", "\xff\xf1", 0],
  ["video/mp4", "ftyp", 4],
  ["video/webm", "\x1a\x45\xdf\xa3", 0],
];

export function AudioView({ file }: { file: ArtifactFile }): VNode {
  return html`<${OnDemand} file=${file} isVideo=${false} />`;
}

export function VideoView({ file }: { file: ArtifactFile }): VNode {
  return html`<${OnDemand} file=${file} isVideo=${true} />`;
}

export function PdfView({ file }: { file: ArtifactFile }): VNode {
  return html`
    <${LeftOut} file=${file}>
      A PDF is not shown, because the policy of this page allows no frames: download it.
    <//>
  `;
}

function OnDemand({ file, isVideo }: { file: ArtifactFile; isVideo: boolean }): VNode {
  const [isAsked, setAsked] = useState(file.size <= AT_ONCE_BYTES);
  const size = formatBytes(file.size);
  if (file.size > MAX_BYTES) {
    return html`<${LeftOut} file=${file}>
      ${`This file has ${size}; up to ${formatBytes(MAX_BYTES)} are played.`}<//>`;
  }
  if (isAsked) return html`<${Player} file=${file} isVideo=${isVideo} />`;
  return html`<button type="button" class="button" onClick=${() =>
    setAsked(true)}>Load ${size}</button>`;
}

function Player({ file, isVideo }: { file: ArtifactFile; isVideo: boolean }): VNode {
  const loaded = useFiles((signal) => file.read(0, file.size, signal), file);
  return whenLoaded(
    loaded,
    (bytes) => html`<${Played} file=${file} isVideo=${isVideo} bytes=${bytes} />`,
  );
}

function Played({ file, isVideo, bytes }: {
  file: ArtifactFile;
  isVideo: boolean;
  bytes: Uint8Array<ArrayBuffer>;
}): VNode {
  const [url, setUrl] = useState<string>();
  const [isDamaged, setDamaged] = useState(false);
  const wave = useMemo(() => isVideo ? undefined : waveOf(bytes), [bytes]);
  useEffect(() => {
    const head = String.fromCharCode(...bytes.subarray(0, 16));
    const type = TYPES.find(([, mark, at]) => head.startsWith(mark, at))?.[0];
    if (type === undefined) return setDamaged(true);
    const url = URL.createObjectURL(new Blob([bytes], { type }));
    setUrl(url);
    return () => URL.revokeObjectURL(url);
  }, [bytes]);
  const props = {
    controls: true,
    src: url,
    "aria-label": file.path,
    onError: () => setDamaged(true),
  };
  const series = useMemo(() =>
    wave && [
      { label: "Highest", values: wave.highest },
      { label: "Lowest", values: wave.lowest },
    ], [wave]);
  if (isDamaged) return html`<${LeftOut} file=${file}>The browser cannot play this file.<//>`;
  return html`
    ${url &&
      (isVideo
        ? html`<video class="player" playsinline ...${props}></video>`
        : html`<audio class="player" ...${props}></audio>`)}
    ${wave && html`
      <${Chart} label="Wave form" x=${wave.times} xLabel="Seconds" series=${series} height=${140}
        formatX=${numberText} formatY=${numberText} />
    `}
  `;
}
