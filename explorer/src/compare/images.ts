// Images side by side, one over the other, and their difference.
import { onValue } from "../components/field.ts";
import { formatNumber } from "../format/format.ts";
import { whenLoaded } from "../components/notices.ts";
import { html } from "../framework/html.ts";
import { useState, type VNode } from "../framework/preact.ts";
import { useLoaded } from "../framework/use_loaded.ts";
import { type ImageFile, useImage } from "../previews/images/image_view.ts";
import { LeftOut } from "../previews/parts.ts";
import { useQuery } from "../framework/use_query.ts";
import { Pixels, Zoom } from "../previews/zoom.ts";
import type { PairProps } from "./pair.ts";

/** Larger images are not compared pixel by pixel. */
const MAX_PIXELS = 16 * 1024 * 1024;
const MODES = [["side", "Side by side"], ["swipe", "Swipe"], ["difference", "Difference"]] as const;

export function ImageComparison({ left, right }: PairProps): VNode {
  const [mode, setMode] = useQuery("mode", "side");
  const [before, after] = [useImage(left), useImage(right)];
  return whenLoaded(before, (old) =>
    whenLoaded(after, (now) => {
      if ("problem" in old) return html`<${LeftOut} file=${left}>${old.problem}<//>`;
      if ("problem" in now) return html`<${LeftOut} file=${right}>${now.problem}<//>`;
      const urls = [before.url, after.url];
      const props = { old, now, urls, names: [left.ref, right.ref] };
      const View = mode === "swipe" ? Swipe : mode === "difference" ? Difference : SideBySide;
      return html`
        <fieldset class="fields modes">
          <legend class="hidden">How to compare</legend>
          ${MODES.map(([name, label]) =>
            html`<label><input type="radio" name="mode" checked=${mode === name} onChange=${() =>
              setMode(name)} /> ${label}</label>`
          )}
        </fieldset>
        <${View} ...${props} />
      `;
    }));
}

type Decoded = Extract<ImageFile, { blob: Blob }>;

interface ViewProps {
  old: Decoded;
  now: Decoded;
  urls: readonly (string | undefined)[];
  names: readonly string[];
}

function SideBySide({ old, now, urls, names }: ViewProps): VNode {
  return html`
    <div class="sides">${[old, now].map(({ size: { width, height } }, i) =>
      html`
        <div>
          <h4>${names[i]}, ${formatNumber(width)} x ${formatNumber(height)}</h4>
          <${Zoom} width=${width} label=${`Image of ${names[i]}`} enlarge=${true}>
            ${urls[i] &&
              html`<img src=${urls[i]} alt=${`Image of ${
                names[i]
              }`} width=${width} height=${height} />`}
          <//>
        </div>
      `
    )}</div>
  `;
}

/** The second image over the first one, cut off at a line that moves. */
function Swipe({ old, urls, names }: ViewProps): VNode {
  const [place, setPlace] = useState(50);
  const { width, height } = old.size;
  return html`
    <label class="swipe-label">From ${names[0]} (left) to ${names[1]} (right)
      <input class="swipe-range" type="range" min="0" max="100" value=${place}
        onInput=${onValue((value) => setPlace(Number(value)))} />
    </label>
    <${Zoom} width=${width} label="Both images" enlarge=${true}>
      <div class="swipe">
        ${urls[0] &&
          html`<img src=${urls[0]} alt=${`Image of ${
            names[0]
          }`} width=${width} height=${height} />`}
        ${urls[1] && html`
          <img src=${urls[1]} alt=${`Image of ${names[1]}`} width=${width} height=${height}
            style=${{ clipPath: `inset(0 0 0 ${place}%)` }} />
        `}
      </div>
      <//>
  `;
}

/** Counts pixels that differ, and makes an image of the differences: black where there is none. */
export function differenceOf(before: Uint8ClampedArray, after: Uint8ClampedArray) {
  const pixels = new Uint8ClampedArray(before.length);
  let [count, largest] = [0, 0];
  for (let at = 0; at < before.length; at += 4) {
    let most = 0;
    for (let i = 0; i < 4; i++) {
      const difference = Math.abs(before[at + i]! - after[at + i]!);
      if (i < 3) pixels[at + i] = difference;
      most = Math.max(most, difference);
    }
    pixels[at + 3] = 255;
    if (most > 0) count++;
    largest = Math.max(largest, most);
  }
  return { pixels, count, largest };
}

async function pixelsOf({ blob, size: { width, height } }: Decoded): Promise<Uint8ClampedArray> {
  const bitmap = await createImageBitmap(blob);
  const context = new OffscreenCanvas(width, height).getContext("2d", {
    willReadFrequently: true,
  })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height).data;
}

function Difference({ old, now }: ViewProps): VNode {
  const { width, height } = old.size;
  const isComparable = width === now.size.width && height === now.size.height;
  const isSmall = width * height <= MAX_PIXELS;
  const loaded = useLoaded(async () => {
    if (!isComparable || !isSmall) return undefined;
    return differenceOf(await pixelsOf(old), await pixelsOf(now));
  }, [isComparable, isSmall]);
  if (!isComparable) return html`<p class="note left-out">The images have different sizes.</p>`;
  if (!isSmall) {
    return html`<p class="note left-out">Images of more than ${
      formatNumber(MAX_PIXELS)
    } pixels are not compared pixel by pixel.</p>`;
  }
  return html`
    ${whenLoaded(loaded, (images) =>
      images && html`
        <p>${formatNumber(images.count)} of ${formatNumber(
          width * height,
        )} pixels differ, by up to ${images.largest} of 255. Black is equal.</p>
        <${Pixels} pixels=${images.pixels} width=${width} height=${height}
          label="Difference of the images" />
      `)}
  `;
}
