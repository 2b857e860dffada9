// Images in cells of a table.
import { html } from "../../framework/html.ts";
import { useLayoutEffect, useRef, useState, type VNode } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { readImage } from "../images/image_view.ts";
import type { TableSource } from "./table_source.ts";

/** Heights in pixels, of a cell and of a cell that was clicked. */
const [SMALL, LARGE] = [64, 480];

/** The table that has the bytes. */
export type ImageSource = Pick<TableSource, "id" | "media">;

interface ThumbnailProps {
  source: ImageSource;
  column: number;
  row: number;
  /** The text of the cell. */
  text: string;
}

let queue: Promise<unknown> = Promise.resolve();

/** Runs a task after those before it, so that one image at a time is decoded in full size. */
function afterOthers<T>(task: () => Promise<T>): Promise<T> {
  const next = queue.then(task);
  queue = next.catch(() => {});
  return next;
}

/** A small image, and a larger one after a click; the text if there is none that browsers show. */
export function Thumbnail({ source, column, row, text }: ThumbnailProps): VNode {
  const [height, setHeight] = useState(SMALL);
  const { value: image } = useLoaded(
    (signal) => afterOthers(() => imageOf({ source, column, row, height }, signal)),
    [source.id, column, row, height],
  );
  const last = useRef(image);
  last.current = image ?? last.current;
  const shown = last.current, canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    if (shown) canvas.current?.getContext("2d")?.drawImage(shown, 0, 0);
  }, [shown]);
  if (shown === undefined) return html`${text}`;
  const isLarge = height === LARGE;
  return html`
    <button type="button" class="thumbnail" title=${text} aria-expanded=${isLarge}
      onClick=${() => setHeight(isLarge ? SMALL : LARGE)}>
      <canvas ref=${canvas} key=${shown.height} role="img" aria-label=${text}
        width=${shown.width} height=${shown.height}></canvas>
    </button>
  `;
}

async function imageOf(
  { source, column, row, height }: Omit<ThumbnailProps, "text"> & { height: number },
  signal: AbortSignal,
): Promise<ImageBitmap | undefined> {
  signal.throwIfAborted();
  const bytes = await source.media(column, row, signal) as Uint8Array<ArrayBuffer> | undefined;
  if (bytes === undefined) return undefined;
  const read = (from: number, count: number) => Promise.resolve(bytes.subarray(from, from + count));
  const image = await readImage({ size: bytes.byteLength, read }, signal);
  if ("problem" in image) return undefined;
  return await createImageBitmap(image.blob, {
    resizeHeight: Math.min(height, image.size.height),
    resizeQuality: "medium",
  });
}
