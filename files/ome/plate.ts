// Plates: wells in rows and columns, each with fields, its images.
import type { NDArray } from "../../formats/mod.ts";
import { invalid, joinPath, shown } from "../../core/kernel.ts";
import {
  type CallOptions,
  createZarrGroup,
  openZarrGroup,
  type ZarrStore,
} from "../../formats/zarr.ts";
import { listAxes } from "./axes.ts";
import { levelAt, openLevel, openMultiscale, readImageMetadata, readPlane } from "./image.ts";
import type { MultiscaleImage, PlaneIndex, ReadPlaneOptions } from "./image.ts";
import { imageAttributes } from "./image_metadata.ts";
import { plateAttributes, readPlateAttributes, readWellAttributes } from "./plate_metadata.ts";
import type { Acquisition, Field, PlateMetadata, WellPlace } from "./plate_metadata.ts";
import { type ImageLayout, placeLevels } from "./levels.ts";
import { FieldWriter, type SaveImagesOptions } from "./save_field.ts";
import type { Images } from "./stack.ts";
import { type OmeVersion, ZARR_VERSIONS } from "./version.ts";

/** A well: its path, row, `/`, column, or both by name. */
export type WellName = string | { readonly row: string; readonly column: string };

/** The name of a field, letters and digits, or its number from 0. */
export type FieldName = string | number;

/** Options of {@linkcode createPlate}. */
export interface CreatePlateOptions extends ImageLayout, CallOptions {
  /** The names of the rows, letters and digits, or their number: `A`, `B` … `Z`, `AA` … */
  rows: readonly string[] | number;
  /** The names of the columns, letters and digits, or their number: `1`, `2` … */
  columns: readonly string[] | number;
  /** The version of OME-NGFF. @default "0.5" */
  version?: OmeVersion;
  /** The name of the plate. @default the last segment of the path */
  name?: string;
  /** The expected number of fields in a well. It grows when a well has more. */
  fieldCount?: number;
  acquisitions?: readonly Acquisition[];
}

/** A plate. Calls may overlap, but only one program saves to a plate at a time. */
export interface Plate extends Omit<PlateMetadata, "wells" | "fieldCount"> {
  readonly path: string;
  /** Lists the wells with images, as currently stored. */
  wells(options?: CallOptions): Promise<readonly WellPlace[]>;
  /** Lists the images of a well. A well without any is `NotFound`. */
  fields(well: WellName, options?: CallOptions): Promise<readonly Field[]>;
  /** Opens an image of a well, or throws `NotFound`. */
  image(well: WellName, field: FieldName, options?: CallOptions): Promise<MultiscaleImage>;
  /** Reads a plane of an image, of shape `[height, width]`, from its chunks only. */
  readPlane(
    well: WellName,
    field: FieldName,
    at?: PlaneIndex,
    options?: ReadPlaneOptions,
  ): Promise<NDArray>;
  /**
   * Saves images of a well as one field: an array with all axes of the plate, or planes of one size
   * and dtype. It replaces nothing: an existing field is `AlreadyExists`, unless images are
   * appended to it. The field is listed when it is complete.
   *
   * @throws {RegistryError} `Unsupported` for planes that differ, before anything is written:
   * values are never cast; `Invalid` for an unknown well
   */
  saveImages(
    well: WellName,
    field: FieldName,
    images: Images,
    options?: SaveImagesOptions,
  ): Promise<MultiscaleImage>;
}

/**
 * Creates a plate without images.
 *
 * @param path the group of the plate, which is created
 * @throws {RegistryError} `AlreadyExists` for an existing group; `Invalid` for names that OME-NGFF
 * does not allow
 *
 * @example
 * ```ts
 * import { createMemoryFiles } from "@holdfast/holdfast/files";
 * import { createPlate, openPlate } from "@holdfast/holdfast/files/ome";
 * import { zarrStore } from "@holdfast/holdfast/formats/zarr";
 * import { assertEquals } from "@std/assert";
 *
 * const store = zarrStore(createMemoryFiles());
 * const plate = await createPlate(store, "screen.zarr", { rows: 8, columns: 12, axes: "cyx" });
 * const plane = (value: number) =>
 *   ({ data: new Uint16Array(64).fill(value), shape: [8, 8], dtype: "uint16" } as const);
 * await plate.saveImages("B/3", 0, [plane(1), plane(2)]);
 *
 * const opened = await openPlate(store, "screen.zarr");
 * assertEquals((await opened.wells()).map(({ path }) => path), ["B/3"]);
 * assertEquals(await opened.readPlane("B/3", 0, { c: 1 }), plane(2));
 * ```
 */
export async function createPlate(
  store: ZarrStore,
  path: string,
  options: CreatePlateOptions,
): Promise<Plate> {
  const {
    rows,
    columns,
    version = "0.5",
    name = path.split("/").at(-1),
    fieldCount,
    acquisitions,
    signal,
  } = options;
  const attributes = plateAttributes({
    version,
    ...name !== "" && { name },
    rows: Array.isArray(rows) ? rows : namesOf(rows, rowName),
    columns: Array.isArray(columns) ? columns : namesOf(columns, (i) => String(i + 1)),
    wells: [],
    fieldCount,
    acquisitions,
  });
  checkLayout(options);
  await createZarrGroup(store, path, { attributes, version: ZARR_VERSIONS[version], signal });
  return plateOf(store, path, { metadata: readPlateAttributes(path, attributes), layout: options });
}

/**
 * Opens a plate of OME-NGFF 0.4 or 0.5, to read it or to save more images.
 *
 * @param path the group of the plate; empty for the root
 * @throws {RegistryError} `NotFound`; `Corrupt` for metadata that OME-NGFF does not allow;
 * `Unsupported` for other versions
 */
export async function openPlate(
  store: ZarrStore,
  path: string,
  options: Partial<ImageLayout> & CallOptions = {},
): Promise<Plate> {
  const { attributes } = await openZarrGroup(store, path, { signal: options.signal });
  return plateOf(store, path, { metadata: readPlateAttributes(path, attributes), layout: options });
}

function plateOf(
  store: ZarrStore,
  path: string,
  { metadata, layout }: { metadata: PlateMetadata; layout: Partial<ImageLayout> },
): Plate {
  const { wells: _, fieldCount: __, ...own } = metadata;
  const writer = new FieldWriter(store, path, { metadata, layout });
  const wellPath = (well: WellName) => {
    const { row, column } = placeOf(metadata, well);
    return joinPath(path, `${row}/${column}`);
  };
  const fieldPath = (well: WellName, field: FieldName) =>
    joinPath(wellPath(well), fieldName(field));
  return {
    ...own,
    path,
    async wells({ signal } = {}) {
      const { attributes } = await openZarrGroup(store, path, { signal });
      return readPlateAttributes(path, attributes).wells;
    },
    async fields(well, { signal } = {}) {
      const at = wellPath(well);
      const { attributes } = await openZarrGroup(store, at, { signal });
      return readWellAttributes(at, attributes).fields;
    },
    async image(well, field, { signal } = {}) {
      return await openMultiscale(store, fieldPath(well, field), { signal });
    },
    async readPlane(well, field, at = {}, { level = 0, signal } = {}) {
      const image = fieldPath(well, field);
      const { axes, levels } = await readImageMetadata(store, image, { signal });
      const array = await openLevel(store, image, levelAt(image, levels, level), { signal });
      return await readPlane(image, { axes, array, at }, { signal });
    },
    async saveImages(well, field, images, options = {}) {
      const place = { ...placeOf(metadata, well), field: fieldName(field) };
      return await writer.save(place, images, options);
    },
  };
}

function placeOf(
  { rows, columns }: PlateMetadata,
  well: WellName,
): { row: string; column: string } {
  const [row = "", column = "", ...others] = typeof well === "string"
    ? well.split("/")
    : [well.row, well.column];
  if (others.length === 0 && rows.includes(row) && columns.includes(column)) return { row, column };
  const subject = shown(typeof well === "string" ? well : `${row}/${column}`);
  const hint = `Pass one such as "${rows[0]}/${columns[0]}": rows ${rangeOf(rows)}, ` +
    `columns ${rangeOf(columns)}.`;
  throw invalid("use well", subject, "the plate has no such well", { hint });
}

function rangeOf(names: readonly string[]): string {
  return names.filter((_, i) => i === 0 || i === names.length - 1).join(" to ");
}

function fieldName(field: FieldName): string {
  const name = String(field);
  if (/^[A-Za-z0-9]{1,200}$/.test(name)) return name;
  throw invalid("use field", shown(name), "field names may contain only letters and digits", {
    hint: 'Pass an index such as 0, or a name such as "left1".',
  });
}

/** Rejects axes and distances that no image can have. */
function checkLayout({ axes = [], version, ...layout }: CreatePlateOptions): void {
  const pixel = listAxes(axes).map(() => 1);
  imageAttributes({ version, axes, levels: placeLevels([pixel], layout) });
}

function namesOf(count: unknown, nameAt: (i: number) => string): string[] {
  if (typeof count === "number" && Number.isSafeInteger(count) && count >= 1 && count <= 1000) {
    return Array.from({ length: count }, (_, i) => nameAt(i));
  }
  throw invalid("create a plate", undefined, `invalid number of rows or columns: ${shown(count)}`, {
    hint: 'Pass a number from 1 to 1000, or names: ["A", "B"].',
  });
}

/** Returns `A` to `Z`, then `AA`. */
function rowName(i: number): string {
  const last = String.fromCharCode(65 + i % 26);
  return i < 26 ? last : rowName(Math.floor(i / 26) - 1) + last;
}
