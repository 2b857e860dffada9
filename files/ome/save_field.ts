// Saving the images of a well: first all elements, then what lists them, so that nobody finds what
// is not whole.
import type { CallOptions } from "../../core/backend.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { joinPath } from "../../core/files/paths.ts";
import { shown } from "../../core/naming/names.ts";
import { createLimit } from "../../core/work/at_once.ts";
import { createLanes } from "../../core/work/lanes.ts";
import { createZarrGroup, openZarrGroup } from "../../formats/zarr.ts";
import type { ZarrGroup, ZarrObject, ZarrStore } from "../../formats/zarr.ts";
import { appendImages } from "./append_images.ts";
import { listAxes } from "./axes.ts";
import type { Axes } from "./axes.ts";
import type { Channel } from "./channels.ts";
import type { MultiscaleImage } from "./image.ts";
import {
  readPlateAttributes,
  readWellAttributes,
  wellAttributes,
  wellItems,
} from "./plate_metadata.ts";
import type { Field, PlateMetadata } from "./plate_metadata.ts";
import { findGroup, writeImage } from "./pyramid.ts";
import type { ImageLayout } from "./levels.ts";
import { stackImages } from "./stack.ts";
import type { Images } from "./stack.ts";
import { changeMetadata, ZARR_VERSIONS } from "./version.ts";

/** Options of `saveImages` of a plate. */
export interface SaveImagesOptions extends CallOptions {
  /** How many planes there are along each axis, the last varying fastest; one may be left out. For a list of planes. */
  lengths?: Readonly<Record<string, number>>;
  /** The axis along which images are appended to a field that is there. Absent: a field that is there is `AlreadyExists`. */
  append?: string;
  /** The `id` of the acquisition that the field is of. */
  acquisition?: number;
  /** How the channels of a new field are shown, or only their labels. */
  channels?: readonly (string | Channel)[];
}

export interface FieldPlace {
  row: string;
  column: string;
  field: string;
}

export interface FieldWriter {
  save(place: FieldPlace, images: Images, options: SaveImagesOptions): Promise<MultiscaleImage>;
}

/** Creates what saves the fields of one plate: one field of a well after the other, and wells side by side. */
export function createFieldWriter(
  store: ZarrStore,
  path: string,
  { metadata, layout }: { metadata: PlateMetadata; layout: Partial<ImageLayout> },
): FieldWriter {
  const version = ZARR_VERSIONS[metadata.version];
  const wells = createLanes();
  const plateTurn = createLimit(1);

  async function saveField(
    place: FieldPlace,
    images: Images,
    options: SaveImagesOptions,
  ): Promise<MultiscaleImage> {
    const { append, acquisition, channels, lengths, signal } = options;
    const wellPath = joinPath(path, `${place.row}/${place.column}`);
    const at = joinPath(wellPath, place.field);
    const well = await findGroup(store, wellPath, { signal });
    const fields = well === undefined ? [] : readWellAttributes(wellPath, well.attributes).fields;
    if (fields.some(({ path }) => path === place.field)) {
      await plateTurn(() => listWell(place, fields.length, signal)); // a save that died may not have come so far
      if (append === undefined) throw taken(at);
      return await appendImages(store, at, { images, axis: append, lengths, signal });
    }
    checkAcquisition(metadata, acquisition);
    const axes = axesOf(layout);
    const image = await writeImage(store, at, {
      ...layout,
      axes,
      image: stackImages(images, listAxes(axes), lengths),
      version: metadata.version,
      name: place.field,
      channels,
      signal,
      isOverLeftover: true,
    });
    const field = { path: place.field, ...acquisition !== undefined && { acquisition } };
    await plateTurn(async () => {
      await listField(place, { field, wellPath, well }, signal);
      await listWell(place, fields.length + 1, signal);
    });
    return image;
  }

  async function listField(
    { row }: FieldPlace,
    { field, wellPath, well }: { field: Field; wellPath: string; well: ZarrGroup | undefined },
    signal?: AbortSignal,
  ): Promise<void> {
    const item = field as unknown as ZarrObject;
    if (well !== undefined) {
      const more = (own: ZarrObject) => ({ ...own, images: [...own.images as ZarrObject[], item] });
      return await well.setAttributes(changeMetadata(well.attributes, "well", more), { signal });
    }
    const rowPath = joinPath(path, row);
    const isRow = await findGroup(store, rowPath, { signal }) !== undefined;
    if (!isRow) await createZarrGroup(store, rowPath, { version, signal });
    const attributes = wellAttributes({ version: metadata.version, fields: [field] });
    await createZarrGroup(store, wellPath, { attributes, version, signal });
  }

  async function listWell(
    { row, column }: FieldPlace,
    count: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const group = await openZarrGroup(store, path, { signal });
    const { wells, rows, columns, fieldCount = 0 } = readPlateAttributes(path, group.attributes);
    const isListed = wells.some((well) => well.row === row && well.column === column);
    if (isListed && fieldCount >= count) return;
    const added = isListed
      ? []
      : wellItems([{ path: `${row}/${column}`, row, column }], rows, columns);
    const more = (own: ZarrObject) => ({
      ...own,
      wells: [...own.wells as ZarrObject[], ...added],
      field_count: Math.max(fieldCount, count),
    });
    await group.setAttributes(changeMetadata(group.attributes, "plate", more), { signal });
  }

  return {
    async save(place, images, options) {
      return await wells(`${place.row}/${place.column}`, () => saveField(place, images, options));
    },
  };
}

function axesOf({ axes }: Partial<ImageLayout>): Axes {
  if (axes !== undefined) return axes;
  throw fault({
    code: "Invalid",
    action: "save the images",
    state: "nothing is said of their axes",
    hint: 'Say them where the plate is opened: openPlate(store, path, { axes: "tczyx" }).',
  });
}

function checkAcquisition({ acquisitions = [] }: PlateMetadata, acquisition?: number): void {
  if (acquisition === undefined || acquisitions.some(({ id }) => id === acquisition)) return;
  throw fault({
    code: "Invalid",
    action: "save the images",
    state: `the plate has no acquisition ${shown(acquisition)}`,
    hint: `Its acquisitions are ${acquisitions.map(({ id }) => id).join(", ") || "none"}.`,
  });
}

function taken(at: string): RegistryError {
  return fault({
    code: "AlreadyExists",
    action: "save images",
    subject: shown(at),
    state: "the field is there",
    hint: 'Take another field, or append to it: { append: "t" }.',
    key: at,
  });
}
