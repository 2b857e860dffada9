// Appending images to one that is there, in all its levels.
import type { CallOptions } from "../../core/backend.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { ZarrStore } from "../../formats/zarr.ts";
import { halve } from "./halve.ts";
import type { Downsampling } from "./halve.ts";
import { openMultiscale } from "./image.ts";
import type { MultiscaleImage } from "./image.ts";
import { stackImages } from "./stack.ts";
import type { Images } from "./stack.ts";

/** What is appended. */
export interface AppendOptions extends CallOptions {
  /** Images, as many as fit along the other axes. */
  images: Images;
  axis: string;
  /** How many planes there are along each axis. Absent: of the others as many as there are already. */
  lengths?: Readonly<Record<string, number>>;
}

/** Appends images to a field. The largest level comes last: the others have at least as many as it. */
export async function appendImages(
  store: ZarrStore,
  at: string,
  options: AppendOptions,
): Promise<MultiscaleImage> {
  const { images, axis: name, lengths, signal } = options;
  const image = await openMultiscale(store, at, { signal });
  const axis = image.axes.findIndex((other) => other.name === name);
  if (axis < 0 || axis >= image.axes.length - 2) {
    throw unfitting(at, `it has no axis ${shown(name)} of planes`, "Invalid");
  }
  if (image.axes[axis].type === "channel" && image.channels !== undefined) {
    throw unfitting(at, "its channels are described, and there would be more of them", "Invalid");
  }
  const { shape, dtype } = image.levels[0].array;
  const around = image.axes.slice(0, -2).map(({ name }, i) => [name, shape[i]] as const).filter((
    _,
    i,
  ) => i !== axis);
  const stack = stackImages(images, image.axes, { ...Object.fromEntries(around), ...lengths });
  if (stack.dtype !== dtype || stack.shape.some((length, i) => i !== axis && length !== shape[i])) {
    const state = `it is ${dtype} of shape (${shape.join(", ")}), they are ${stack.dtype} of (${
      stack.shape.join(", ")
    })`;
    throw unfitting(at, state, "Unsupported");
  }
  const parts = [stack];
  for (const { array } of image.levels.slice(1)) {
    const part = halve(parts.at(-1)!, downsamplingOf(at, image));
    if (
      part.shape.some((length, i) =>
        i === axis ? array.shape[i] < shape[i] : array.shape[i] !== length
      )
    ) {
      throw unfitting(at, "its levels are not half as large as the ones before", "Unsupported");
    }
    parts.push(part);
  }
  for (const [i, { array }] of [...image.levels.entries()].toReversed()) {
    // What an append that did not end has left is not read, and gives way.
    if (array.shape[axis] > shape[axis]) {
      await array.resize(array.shape.with(axis, shape[axis]), { signal });
    }
    await array.append(parts[i], axis, { signal });
  }
  return await openMultiscale(store, at, { signal });
}

function downsamplingOf(at: string, { downsampling }: MultiscaleImage): Downsampling {
  if (downsampling === "mean" || downsampling === "nearest") return downsampling;
  throw unfitting(
    at,
    `its levels were made by ${shown(downsampling)}, which is not known here`,
    "Unsupported",
  );
}

function unfitting(at: string, state: string, code: "Invalid" | "Unsupported"): RegistryError {
  return fault({
    code,
    action: "append images to",
    subject: shown(at),
    state,
    hint:
      "What is appended has the dtype and, but for that axis, the shape of what is there. Nothing is cast.",
    key: at,
  });
}
