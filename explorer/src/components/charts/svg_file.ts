// Pictures as files: SVG on white, and PNG of that.

/** A picture as the text of an SVG file. */
export interface SvgFile {
  readonly text: string;
  readonly width: number;
  readonly height: number;
}

/** Pixels around a picture. */
export const MARGIN = 16;
/** Pixels of a PNG for each pixel of the SVG. */
const DENSITY = 2;
export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";
export const TEXT = "#1c1917";
const MUTED = "#57534e";

/** Returns a picture of elements. */
export function svgFile(
  { title, width, height }: { title: string; width: number; height: number },
  content: readonly string[],
): SvgFile {
  const xmlns = "http://www.w3.org/2000/svg";
  const attributes = { xmlns, width, height, viewBox: `0 0 ${width} ${height}` };
  const text = tag(
    "svg",
    { ...attributes, "font-family": FONT },
    tag("title", {}, escaped(title)),
    tag("rect", { width, height, fill: "#fff" }),
    ...content,
  );
  return { text, width, height };
}

/** Returns a picture as a file of a type. */
export async function blobOf(file: SvgFile, type: "png" | "svg"): Promise<Blob> {
  const svg = new Blob([file.text], { type: "image/svg+xml" });
  if (type === "svg") return svg;
  const url = URL.createObjectURL(svg);
  try {
    const image = new Image(file.width, file.height);
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = file.width * DENSITY;
    canvas.height = file.height * DENSITY;
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) =>
      canvas.toBlob((png) => png ? resolve(png) : reject(new Error("there is no picture")))
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Returns an element. Children are elements, or text that is escaped. */
export function tag(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const list = Object.entries(attributes).filter(([, value]) => value !== undefined)
    .map(([key, value]) =>
      ` ${key}="${escaped(typeof value === "number" ? short(value) : value!)}"`
    );
  return children.length === 0
    ? `<${name}${list.join("")}/>`
    : `<${name}${list.join("")}>${children.join("")}</${name}>`;
}

/** Escapes text, without characters that XML cannot have. */
function escaped(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;") // XML has no ]]>
    .replaceAll('"', "&quot;");
}

export function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

interface TextLook {
  readonly x: number;
  /** Of its baseline. */
  readonly y: number;
  readonly size?: number;
  readonly fill?: string;
  readonly weight?: number;
  readonly anchor?: "middle" | "end";
  /** A white edge makes it readable over lines. */
  readonly hasEdge?: boolean;
}

/** Returns a line of text. */
export function textAt(
  text: string,
  { x, y, size = 12, fill = MUTED, weight, anchor, hasEdge = false }: TextLook,
): string {
  const look = { "font-size": size, "font-weight": weight, "text-anchor": anchor };
  const edge = hasEdge && { stroke: "#fff", "stroke-width": 3, "paint-order": "stroke" };
  return tag("text", { x, y, fill, ...look, ...edge }, escaped(text));
}
