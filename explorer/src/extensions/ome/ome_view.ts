// An image of OME-NGFF as a picture: its channels in their colors, with sliders for time and depth.
import type { MultiscaleImage } from "../../../../files/ome/image.ts";
import { html, useLoaded, useMemo, useQuery, type VNode } from "../../extending.ts";
import {
  type ArraySource,
  LeftOut,
  type Numbers,
  onValue,
  type ShownFile,
  whenLoaded,
} from "../../extending.ts";
import { formatCount, formatNumber, numberText } from "../../extending.ts";
import { Pixels } from "../../previews/zoom.ts";
import { numbersOf, rangeOf, windowOf } from "../../previews/arrays/numbers.ts";

/** A channel as it is drawn. */
export interface DrawnChannel {
  readonly index: number;
  readonly label: string;
  readonly color: readonly [red: number, green: number, blue: number];
  /** Shown at first. */
  readonly active: boolean;
  /** Values of black and of full color. @default those of the picture */
  readonly window?: readonly [start: number, end: number];
}

/** More channels are not shown at first. */
const MOST_ACTIVE = 6;
/** Colors of channels without one, as microscopes show them. */
const COLORS = ["0000FF", "00FF00", "FF0000", "FF00FF", "00FFFF", "FFFF00"];

/** Returns the channels of an image: one if it has no axis of channels. */
export function channelsOf(
  { axes, channels = [] }: Pick<MultiscaleImage, "axes" | "channels">,
  shape: readonly number[],
): DrawnChannel[] {
  const axis = axes.findIndex(({ type }) => type === "channel");
  const count = axis < 0 ? 1 : shape[axis] ?? 1;
  const hasActive = channels.some(({ active }) => active === true);
  // Writers give all of them white where they know no colors.
  const isPlain = new Set(channels.map(({ color }) => color)).size < 2;
  return Array.from({ length: count }, (_, index) => {
    const { label = `channel ${index}`, color, active, window } = channels[index] ?? {};
    const usual = count === 1 ? "FFFFFF" : COLORS[index % COLORS.length];
    const isNarrowed = window !== undefined && window.end > window.start &&
      (window.start > (window.min ?? -Infinity) || window.end < (window.max ?? Infinity));
    return {
      index,
      label,
      color: (count > 1 && isPlain ? undefined : rgbOf(color)) ?? rgbOf(usual) ?? [255, 255, 255],
      active: index < MOST_ACTIVE && (hasActive ? active === true : true),
      window: isNarrowed ? [window.start, window.end] : undefined,
    };
  });
}

function rgbOf(color: string | undefined): DrawnChannel["color"] | undefined {
  const [, ...parts] = /^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color ?? "") ?? [];
  const [red, green, blue] = parts.map((part) => parseInt(part, 16));
  return blue === undefined ? undefined : [red ?? 0, green ?? 0, blue];
}

/** A channel with its values, one for each pixel. */
export interface Layer extends Pick<DrawnChannel, "color" | "window"> {
  readonly values: Numbers;
}

/** Adds layers, each in its color. Values that are not finite add nothing. */
export function composite(layers: readonly Layer[], count: number): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(count * 4);
  const sums = new Float32Array(count * 3);
  for (const { values, color: [red, green, blue], window } of layers) {
    const [start, end] = window ?? rangeOf(values);
    for (let i = 0; i < count; i++) {
      const value = values[i] ?? NaN;
      if (!Number.isFinite(value)) continue;
      const share = end > start ? Math.min(1, Math.max(0, (value - start) / (end - start))) : 0;
      sums[i * 3] = (sums[i * 3] ?? 0) + share * red;
      sums[i * 3 + 1] = (sums[i * 3 + 1] ?? 0) + share * green;
      sums[i * 3 + 2] = (sums[i * 3 + 2] ?? 0) + share * blue;
    }
  }
  for (let i = 0; i < count; i++) {
    pixels.set([sums[i * 3] ?? 0, sums[i * 3 + 1] ?? 0, sums[i * 3 + 2] ?? 0, 255], i * 4);
  }
  return pixels;
}

const UNITS: Readonly<Record<string, string>> = {
  angstrom: "Å",
  nanometer: "nm",
  micrometer: "µm",
  millimeter: "mm",
  second: "s",
  millisecond: "ms",
  minute: "min",
  hour: "h",
};

/** Returns the size of an image in words: pixels, planes, and how far they are apart. */
export function sizesOf(
  { axes, levels }: Pick<MultiscaleImage, "axes" | "levels">,
): string[] {
  const [level] = levels;
  if (level === undefined) return [];
  const { array: { shape }, scale } = level;
  const [height, width] = shape.slice(-2);
  const [y, x] = scale.slice(-2);
  const units = axes.slice(-2).map(({ unit }) => unit);
  const unitOf = (unit: string | undefined) => unit === undefined ? "" : ` ${UNITS[unit] ?? unit}`;
  const hasSize = units.some((unit) => unit !== undefined);
  const pixel = y === x && units[0] === units[1]
    ? `${numberText(x ?? 1)}${unitOf(units[1])}`
    : `${numberText(x ?? 1)}${unitOf(units[1])} x ${numberText(y ?? 1)}${unitOf(units[0])}`;
  const planes = axes.slice(0, -2).flatMap(({ name, type, unit }, axis) => {
    const count = shape[axis] ?? 1;
    if (count === 1) return [];
    const apart = unit === undefined
      ? ""
      : `, ${numberText(scale[axis] ?? 1)}${unitOf(unit)} apart`;
    const noun = type === "channel"
      ? "channel"
      : type === "time"
      ? "time point"
      : `plane of ${name}`;
    return [
      noun.startsWith("plane")
        ? `${count} planes of ${name}${apart}`
        : formatCount(count, noun) + apart,
    ];
  });
  return [
    `${formatNumber(width ?? 0)} x ${formatNumber(height ?? 0)} pixels`,
    ...hasSize ? [`pixel size ${pixel}`] : [],
    ...planes,
  ];
}

export function OmeView({ image, source, file }: {
  image: MultiscaleImage;
  /** The level that is drawn. */
  source: ArraySource;
  file: ShownFile;
}): VNode {
  const { shape } = source;
  const channels = useMemo(() => channelsOf(image, shape), [image, source]);
  const channelAxis = image.axes.findIndex(({ type }) => type === "channel");
  const [atText, setAt] = useQuery("at");
  const at = shape.map((length, axis) => {
    const index = Number(atText.split(",")[axis] ?? 0);
    return Number.isSafeInteger(index) && index >= 0 && index < length ? index : 0;
  });
  const [shownText, setShown] = useQuery("channels");
  const usual = channels.filter(({ active }) => active).map(({ index }) => index);
  const shown = shownText === "" ? usual : shownText.split(",").map(Number);
  const drawn = channels.filter(({ index }) => shown.includes(index));
  const toggle = (index: number) => {
    const next = shown.includes(index) ? shown.filter((each) => each !== index) : [...shown, index];
    setShown(next.length === 0 ? "none" : next.sort((a, b) => a - b).join());
  };
  const sides: [number, number] = [shape.length - 2, shape.length - 1];
  const boxOf = (channel: number) =>
    windowOf(source, channelAxis < 0 ? at : at.with(channelAxis, channel), sides);
  const [height = 0, width = 0] = boxOf(0).slice(-2).map(({ count }) => count);
  const planes = at.filter((_, axis) => axis !== channelAxis && !sides.includes(axis));
  const key = [file.ref, file.path, shape, planes, drawn.map(({ index }) => index)];
  const layers = useLoaded(
    (signal) =>
      Promise.all(drawn.map(async (channel): Promise<Layer> => {
        const { color, window } = channel;
        const values = numbersOf(await source.read(boxOf(channel.index), signal));
        return { color, window, values };
      })),
    key,
  );
  const isCut = sides.some((axis, i) => [height, width][i]! < (shape[axis] ?? 0));
  return html`
    <section class="slice" aria-label="Picture">
      <p class="summary-line">${sizesOf(image).join(" · ")}</p>
      <div class="fields">
        ${image.axes.map(({ name }, axis) => {
          const length = shape[axis] ?? 1;
          if (axis === channelAxis || sides.includes(axis) || length === 1) return null;
          return html`
            <${Slider} key=${name} label=${name} value=${at[axis]} length=${length}
              set=${(index: number) => setAt(at.with(axis, index).join())} />
          `;
        })}
        ${channels.length > 1 && channels.map(({ index, label, color }) =>
          html`
            <label key=${index}
              class="check"><input type="checkbox" checked=${shown.includes(index)} onChange=${() =>
                toggle(index)} /><span class="channel" aria-hidden="true"
              style=${{ backgroundColor: `rgb(${color.join()})` }}></span>${label}</label>
          `
        )}
      </div>
      ${isCut &&
        html`<${LeftOut} file=${file}>${`${formatNumber(width)} x ${
          formatNumber(height)
        } pixels of the picture are shown.`}<//>`}
      ${whenLoaded(layers, (layers) =>
        html`
          <${Composite} layers=${layers} width=${width} height=${height}
            label=${drawn.map(({ label }) => label).join(", ") || "no channel"} />
        `)}
    </section>
  `;
}

function Slider({ label, value, length, set }: {
  label: string;
  value: number;
  length: number;
  set: (index: number) => void;
}): VNode {
  return html`
    <label>${label} <input type="range" min="0" max=${length - 1} value=${value}
      onInput=${onValue((text) => set(Number(text)))} /> <output>${value}</output>
      <span class="muted">of ${formatNumber(length)}</span></label>
  `;
}

function Composite({ layers, width, height, label }: {
  layers: readonly Layer[];
  width: number;
  height: number;
  label: string;
}): VNode {
  const pixels = useMemo(() => composite(layers, width * height), [layers]);
  return html`
    <${Pixels} pixels=${pixels} width=${width} height=${height} label=${label}
      name=${`Picture of ${label}`} />
  `;
}
