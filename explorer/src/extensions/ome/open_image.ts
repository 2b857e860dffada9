// An image with its levels.
import { openMultiscale } from "../../../../files/ome/image.ts";
import type { ZarrStore } from "../../../../formats/zarr.ts";
import type { OpenedGroup } from "../../extension.ts";
import { OmeView } from "./ome_view.ts";

export async function openImage(store: ZarrStore, signal?: AbortSignal): Promise<OpenedGroup> {
  const image = await openMultiscale(store, "", { signal });
  const axes = image.axes.map(({ name }) => name);
  const levels = image.levels.map(({ array, path }) => {
    return { name: `${path}: ${array.shape.join(" x ")}`, array };
  });
  return { levels, axes, Picture: (props) => OmeView({ image, ...props }) };
}
