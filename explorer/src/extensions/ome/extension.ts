// Images of OME-NGFF, as pictures at the level that fits.
import type { PageExtension } from "../../extension.ts";

export const omeExtension: PageExtension = {
  name: "ome",
  openGroup(store, { attributes, signal }) {
    const { multiscales } = (attributes.ome ?? attributes) as { multiscales?: unknown };
    if (multiscales === undefined) return undefined;
    return import("./open_image.ts").then(({ openImage }) => openImage(store, signal));
  },
};
