// Images that the browser decodes, up to a size.
import type { ArtifactFile } from "../../artifact_file.ts";
import { formatBytes, formatNumber } from "../../format/format.ts";
import { whenLoaded } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { useEffect, useState, type VNode } from "../../framework/preact.ts";
import type { Loaded } from "../../framework/use_loaded.ts";
import { LeftOut, useFiles } from "../parts.ts";
import { Zoom } from "../zoom.ts";
import { type ImageSize, imageSizeOf, SIZE_BYTES } from "./image_size.ts";

const MAX_FILE_BYTES = 32 * 1024 * 1024;
/** Four bytes of memory each. */
const MAX_PIXELS = 64 * 1024 * 1024;

/** Types of images that run nothing. The bytes decide, not the stored type. */
const TYPES: readonly [type: string, mark: string, at: number][] = [
  ["image/png", "\x89PNG", 0],
  ["image/jpeg", "\xff\xd8", 0],
  ["image/gif", "GIF8", 0],
  ["image/webp", "WEBP", 8],
  ["image/bmp", "BM", 0],
  ["image/avif", "ftyp", 4],
];

/** An image in memory, or the reason why it is not decoded. */
export type ImageFile = { size: ImageSize; blob: Blob } | { problem: string };

/** Reads an image, if its header declares a size that is safe to decode. */
export async function readImage(
  file: Pick<ArtifactFile, "size" | "read">,
  signal?: AbortSignal,
): Promise<ImageFile> {
  const head = await file.read(0, Math.min(SIZE_BYTES, file.size), signal);
  const latin = String.fromCharCode(...head.subarray(0, 16));
  const type = TYPES.find(([, mark, at]) => latin.startsWith(mark, at))?.[0];
  const size = imageSizeOf(head);
  if (type === undefined || size === undefined) {
    return { problem: "This is not an image that browsers show, or it is damaged." };
  }
  const pixels = `${formatNumber(size.width)} x ${formatNumber(size.height)} pixels`;
  if (size.width * size.height > MAX_PIXELS) {
    return {
      problem: `This image declares ${pixels}; up to ${formatNumber(MAX_PIXELS)} are decoded.`,
    };
  }
  if (file.size > MAX_FILE_BYTES) {
    const most = formatBytes(MAX_FILE_BYTES);
    return { problem: `This image has ${formatBytes(file.size)}; up to ${most} are loaded.` };
  }
  const bytes = head.byteLength === file.size ? head : await file.read(0, file.size, signal);
  return { size, blob: new Blob([bytes], { type }) };
}

export function useImage(file: ArtifactFile): Loaded<ImageFile> & { url?: string } {
  const loaded = useFiles((signal) => readImage(file, signal), file);
  const blob = loaded.value && "blob" in loaded.value ? loaded.value.blob : undefined;
  const [shown, setShown] = useState<{ url: string; size: ImageSize } | undefined>(undefined);
  useEffect(() => {
    if (blob === undefined) return;
    const url = URL.createObjectURL(blob);
    const image = new Image(); // its size is that after the rotation in its EXIF data
    image.onload = image.onerror = () =>
      setShown({ url, size: { width: image.naturalWidth, height: image.naturalHeight } });
    image.src = url;
    return () => {
      image.onload = image.onerror = null;
      setShown(undefined);
      URL.revokeObjectURL(url);
    };
  }, [blob]);
  if (blob === undefined) return loaded;
  return { ...loaded, value: undefined, ...shown && { url: shown.url, value: { ...shown, blob } } };
}

export function ImageView({ file }: { file: ArtifactFile }): VNode {
  const image = useImage(file);
  const [isDamaged, setDamaged] = useState(false);
  return whenLoaded(image, (opened) => {
    if ("problem" in opened) return html`<${LeftOut} file=${file}>${opened.problem}<//>`;
    if (isDamaged) return html`<${LeftOut} file=${file}>The browser cannot decode this image.<//>`;
    const { width, height } = opened.size;
    return html`
      <p class="summary-line">${formatNumber(width)} x ${formatNumber(height)} pixels</p>
      <${Zoom} width=${width} label=${`Image ${file.path}`} enlarge=${true}>
        ${image.url && html`
          <img src=${image.url} alt=${`Image stored as ${file.path}`}
            width=${width} height=${height} onError=${() => setDamaged(true)} />
        `}
      <//>
    `;
  });
}
