// Pictures at any size.
import { useRegionLabel } from "../framework/region_label.ts";
import { html } from "../framework/html.ts";
import { type ComponentChildren, useEffect } from "../framework/preact.ts";
import { useRef, useState, type VNode } from "../framework/preact.ts";

const ZOOMS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 16];

/** A picture that is enlarged and scrolled. At first it fits. */
export function Zoom({ width, label, enlarge = false, children }: {
  /** Pixels of the picture. */
  width: number;
  label: string;
  /** Set for pictures of few pixels, which begin at a size that can be seen. */
  enlarge?: boolean;
  children?: ComponentChildren;
}): VNode {
  const [zoom, setZoom] = useState<number | undefined>(undefined);
  const first = enlarge && width < 256 ? ZOOMS.findLast((each) => each * width <= 320) ?? 1 : 1;
  const near = zoom ?? first;
  const larger = ZOOMS.find((each) => each > near);
  const smaller = ZOOMS.findLast((each) => each < near);
  const style = { inlineSize: `${Math.max(1, width * near)}px` };
  return html`
    <div class="zoom">
      <div class="steps" role="group" aria-label="Zoom">
        <button type="button" class="button button-small" aria-label="Smaller"
          disabled=${smaller === undefined} onClick=${() => setZoom(smaller)}>−</button>
        <span aria-live="polite">${zoom === undefined
          ? "Fits"
          : `${Math.round(zoom * 100)} %`}</span>
        <button type="button" class="button button-small" aria-label="Larger"
          disabled=${larger === undefined} onClick=${() => setZoom(larger)}>+</button>
        <button type="button" class="button button-small" disabled=${zoom === undefined}
          onClick=${() => setZoom(undefined)}>Fit</button>
      </div>
      <div class="zoom-area" role="region" aria-label=${useRegionLabel(label)} tabindex="0">
        <div class=${`zoom-picture ${near > 1 ? "pixelated" : ""} ${
          zoom === undefined ? "fit" : ""
        }`}
          style=${style}>${children}</div>
      </div>
    </div>
  `;
}

/** A picture of pixels, four bytes each: red, green, blue and opacity. */
export function Pixels({ pixels, width, height, label, name = label }: {
  pixels: Uint8ClampedArray<ArrayBuffer>;
  width: number;
  height: number;
  label: string;
  /** Its name for screen readers. @default the label */
  name?: string;
}): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    context?.putImageData(new ImageData(pixels, width, height), 0, 0);
  }, [pixels]);
  return html`
    <${Zoom} width=${width} label=${label} enlarge=${true}>
      <canvas ref=${canvas} width=${width} height=${height} role="img"
        aria-label=${name}></canvas>
      <//>
  `;
}
