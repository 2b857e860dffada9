// Saves the images of a well: first all elements, then the metadata that lists them.
import {
  alreadyExists,
  createLanes,
  createLimit,
  fault,
  itemAt,
  joinPath,
  type RegistryError,
  shown,
} from "../../core/kernel.ts";
import { createZarrGroup, openZarrGroup } from "../../formats/zarr.ts";
import type { CallOptions, ZarrGroup, ZarrObject, ZarrStore } from "../../formats/zarr.ts";
import { type Axes, listAxes } from "./axes.ts";
import type { Channel } from "./channels.ts";
import { levelAt, type MultiscaleImage, openMultiscale } from "./image.ts";
import {
  readPlateAttributes,
  readWellAttributes,
  wellAttributes,
  wellItems,
} from "./plate_metadata.ts";
import type { Field, PlateMetadata } from "./plate_metadata.ts";
import { findGroup, writeImage } from "./pyramid.ts";
import type { ImageLayout } from "./levels.ts";
import { type Images, kindOf, stackImages } from "./stack.ts";
import { changeMetadata, ZARR_VERSIONS } from "./version.ts";
import { type Downsampling, halve } from "./halve.ts";
import { zipAxes } from "../../formats/arrays/ndarray.ts";

/** Options of `saveImages` of a plate. */
export interface SaveImagesOptions extends CallOptions {
  /** The number of planes along each axis, the last varying fastest; one may be omitted. */
  lengths?: Readonly<Record<string, number>>;
  /** The axis along which to append to an existing field, otherwise `AlreadyExists`. */
  append?: string;
  /** The `id` of the acquisition of the field. */
  acquisition?: number;
  /** The rendering of the channels of a new field, or their labels. */
  channels?: readonly (string | Channel)[];
}

interface FieldPlace {
  row: string;
  column: string;
  field: string;
}

/** Saves the fields of one plate: those of a well in sequence, wells concurrently. */
export class FieldWriter {
  readonly #store: ZarrStore;
  readonly #path: string;
  readonly #metadata: PlateMetadata;
  readonly #layout: Partial<ImageLayout>;
  readonly #version: 2 | 3;
  readonly #wells = createLanes();
  readonly #turn = createLimit(1);

  constructor(
    store: ZarrStore,
    path: string,
    { metadata, layout }: { metadata: PlateMetadata; layout: Partial<ImageLayout> },
  ) {
    this.#store = store;
    this.#path = path;
    this.#metadata = metadata;
    this.#layout = layout;
    this.#version = ZARR_VERSIONS[metadata.version];
  }

  async save(
    place: FieldPlace,
    images: Images,
    options: SaveImagesOptions,
  ): Promise<MultiscaleImage> {
    const well = `${place.row}/${place.column}`;
    return await this.#wells(well, () => this.#saveField(place, images, options));
  }

  async #saveField(
    place: FieldPlace,
    images: Images,
    options: SaveImagesOptions,
  ): Promise<MultiscaleImage> {
    const { append, acquisition, channels, lengths, signal } = options;
    const wellPath = joinPath(this.#path, `${place.row}/${place.column}`);
    const at = joinPath(wellPath, place.field);
    const well = await findGroup(this.#store, wellPath, { signal });
    const fields = well === undefined ? [] : readWellAttributes(wellPath, well.attributes).fields;
    if (fields.some(({ path }) => path === place.field)) {
      // A save that died may not have listed the well.
      await this.#turn(() => this.#listWell(place, fields.length, signal));
      if (append === undefined) throw taken(at);
      return await appendImages(this.#store, at, { images, axis: append, lengths, signal });
    }
    checkAcquisition(this.#metadata, acquisition);
    const axes = axesOf(this.#layout);
    const image = await writeImage(this.#store, at, {
      ...this.#layout,
      axes,
      image: stackImages(images, listAxes(axes), lengths),
      version: this.#metadata.version,
      name: place.field,
      channels,
      signal,
      isOverLeftover: true,
    });
    const field = { path: place.field, ...acquisition !== undefined && { acquisition } };
    await this.#turn(async () => {
      await this.#listField(place, { field, wellPath, well }, signal);
      await this.#listWell(place, fields.length + 1, signal);
    });
    return image;
  }

  async #listField(
    { row }: FieldPlace,
    { field, wellPath, well }: { field: Field; wellPath: string; well: ZarrGroup | undefined },
    signal?: AbortSignal,
  ): Promise<void> {
    const item = field as unknown as ZarrObject;
    if (well !== undefined) {
      const more = (own: ZarrObject) => ({ ...own, images: [...own.images as ZarrObject[], item] });
      return await well.setAttributes(changeMetadata(well.attributes, "well", more), { signal });
    }
    const rowPath = joinPath(this.#path, row);
    const isRow = await findGroup(this.#store, rowPath, { signal }) !== undefined;
    if (!isRow) await createZarrGroup(this.#store, rowPath, { version: this.#version, signal });
    const attributes = wellAttributes({ version: this.#metadata.version, fields: [field] });
    await createZarrGroup(this.#store, wellPath, { attributes, version: this.#version, signal });
  }

  async #listWell({ row, column }: FieldPlace, count: number, signal?: AbortSignal): Promise<void> {
    const group = await openZarrGroup(this.#store, this.#path, { signal });
    const { wells, rows, columns, fieldCount = 0 } = readPlateAttributes(
      this.#path,
      group.attributes,
    );
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
}

function axesOf({ axes }: Partial<ImageLayout>): Axes {
  if (axes !== undefined) return axes;
  const hint = 'Pass `axes` when you open the plate: openPlate(store, path, { axes: "tczyx" }).';
  throw fault({ code: "Invalid", action: "save images", state: "their axes are not set", hint });
}

function checkAcquisition({ acquisitions = [] }: PlateMetadata, acquisition?: number): void {
  if (acquisition === undefined || acquisitions.some(({ id }) => id === acquisition)) return;
  const state = `the plate has no acquisition ${shown(acquisition)}`;
  const hint = `Use one of: ${acquisitions.map(({ id }) => id).join(", ") || "none"}.`;
  throw fault({ code: "Invalid", action: "save images", state, hint });
}

function taken(at: string): RegistryError {
  return alreadyExists("save images", shown(at), "the field already exists", {
    hint: 'Choose another field, or append along an axis: { append: "t" }.',
    key: at,
  });
}

interface AppendOptions extends CallOptions {
  /** Images that fit along the other axes. */
  images: Images;
  axis: string;
  /** The number of planes along each axis. @default as in the field, along the other axes */
  lengths?: Readonly<Record<string, number>>;
}
/** Appends images to a field. The largest level is last, so others are never shorter. */
async function appendImages(
  store: ZarrStore,
  at: string,
  options: AppendOptions,
): Promise<MultiscaleImage> {
  const { images, axis: name, lengths, signal } = options;
  const image = await openMultiscale(store, at, { signal });
  const axis = image.axes.findIndex((other) => other.name === name);
  if (axis < 0 || axis >= image.axes.length - 2) {
    throw unfitting(at, `its planes have no axis ${shown(name)}`, "Invalid");
  }
  if (image.axes[axis]?.type === "channel" && image.channels !== undefined) {
    throw unfitting(at, "its channels are described, and would be more", "Invalid");
  }
  const { shape, dtype } = levelAt(at, image.levels, 0).array;
  const leading = zipAxes(image.axes.slice(0, -2).map(({ name }) => name), shape);
  const around = Object.fromEntries(leading.filter((_, i) => i !== axis));
  const stack = stackImages(images, image.axes, { ...around, ...lengths });
  if (stack.dtype !== dtype || stack.shape.some((length, i) => i !== axis && length !== shape[i])) {
    const state = `it is ${kindOf({ shape, dtype })}, the images ${kindOf(stack)}`;
    throw unfitting(at, state, "Unsupported");
  }
  const parts = [stack];
  for (const { array } of image.levels.slice(1)) {
    const part = halve(itemAt(parts, -1), downsamplingOf(at, image));
    const fits = (length: number, i: number) =>
      i === axis ? itemAt(array.shape, i) >= itemAt(shape, i) : array.shape[i] === length;
    if (!part.shape.every(fits)) {
      throw unfitting(at, "its levels are not half as large as the ones before", "Unsupported");
    }
    parts.push(part);
  }
  for (const [i, { array }] of [...image.levels.entries()].toReversed()) {
    // Planes of an append that did not finish are not read, and replaced.
    const shownShape = array.shape.with(axis, itemAt(shape, axis));
    if (itemAt(array.shape, axis) > itemAt(shownShape, axis)) {
      await array.resize(shownShape, { signal });
    }
    await array.append(itemAt(parts, i), axis, { signal });
  }
  return await openMultiscale(store, at, { signal });
}

function downsamplingOf(at: string, { downsampling }: MultiscaleImage): Downsampling {
  if (downsampling === "mean" || downsampling === "nearest") return downsampling;
  const state = `its levels were made by an unknown method, ${shown(downsampling)}`;
  throw unfitting(at, state, "Unsupported");
}

function unfitting(at: string, state: string, code: "Invalid" | "Unsupported"): RegistryError {
  return fault({
    code,
    action: "append images to",
    subject: shown(at),
    state,
    hint: "Pass images of the same dtype and, except along that axis, the same shape.",
    key: at,
  });
}
