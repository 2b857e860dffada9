// Metadata of plates and wells: <https://ngff.openmicroscopy.org/0.5/#plate-md>,
// <https://ngff.openmicroscopy.org/0.5/#well-md>, and the same in 0.4.
import { shown } from "../../core/kernel.ts";
import type { ZarrObject } from "../../formats/zarr.ts";
import {
  checkDistinct,
  described,
  given,
  itemsOf,
  memberOf,
  nameOf,
  newDocument,
  optional,
  readDocument,
} from "./document.ts";
import { type Part, stringOf, wholeOf, wrong } from "./document.ts";
import { type OmeVersion, versionOf, withVersion } from "./version.ts";

/** A time at which images of a plate were taken. */
export interface Acquisition {
  /** A unique number, from 0. */
  id: number;
  name?: string;
  description?: string;
  fieldCount?: number;
  /** An integer since 1970. */
  startTime?: number;
  /** An integer since 1970. */
  endTime?: number;
}

/** A well of a plate. */
export interface WellPlace {
  /** Row, `/`, column. */
  path: string;
  row: string;
  column: string;
}

/** The metadata of a plate. */
export interface PlateMetadata {
  version: OmeVersion;
  name?: string;
  /** The names of all rows, including those without images. */
  rows: readonly string[];
  columns: readonly string[];
  wells: readonly WellPlace[];
  fieldCount?: number;
  acquisitions?: readonly Acquisition[];
}

/** An image of a well. */
export interface Field {
  /** The path below the well: `0`. */
  path: string;
  /** The `id` of its acquisition. */
  acquisition?: number;
}

interface WellMetadata {
  version: OmeVersion;
  fields: readonly Field[];
}

/**
 * Returns the attributes of the group of a plate.
 *
 * @throws {RegistryError} `Invalid` for duplicates, and names that are not letters and digits
 */
export function plateAttributes(plate: PlateMetadata): ZarrObject {
  const { version, name, rows, columns, wells, fieldCount, acquisitions } = plate;
  const attributes = withVersion(version, {
    plate: given({
      version,
      name,
      rows: rows.map((name) => ({ name })),
      columns: columns.map((name) => ({ name })),
      wells: wellItems(wells, rows, columns),
      field_count: fieldCount,
      acquisitions: acquisitions?.map(acquisitionItem),
    }),
  });
  parsePlate(newDocument("plate", attributes));
  return attributes;
}

export function wellItems(
  wells: readonly WellPlace[],
  rows: readonly string[],
  columns: readonly string[],
): { path: string; rowIndex: number; columnIndex: number }[] {
  return wells.map(({ path, row, column }) => ({
    path,
    rowIndex: rows.indexOf(row),
    columnIndex: columns.indexOf(column),
  }));
}

/**
 * Reads the attributes of the group of a plate, of 0.4 or 0.5.
 *
 * @param path the group, for messages
 * @throws {RegistryError} `Corrupt`, with the location, for what OME-NGFF does not allow;
 * `Unsupported` for other versions
 */
export function readPlateAttributes(path: string, attributes: unknown): PlateMetadata {
  return parsePlate(readDocument(path, attributes));
}

function parsePlate(document: Part): PlateMetadata {
  const { version, metadata } = versionOf(document, "plate");
  const plate = memberOf(metadata, "plate");
  const rows = readNames(memberOf(plate, "rows"));
  const columns = readNames(memberOf(plate, "columns"));
  const wells = memberOf(plate, "wells");
  const places = itemsOf(wells).map((item) => readWell(item, rows, columns));
  checkDistinct(wells, places.map(({ path }) => path));
  const name = described(plate, "name", stringOf);
  const fieldCount = described(plate, "field_count", (part) => wholeOf(part, 1));
  const acquisitions = optional(plate, "acquisitions", (part) => {
    const items = itemsOf(part).map(readAcquisition);
    checkDistinct(part, items.map(({ id }) => id));
    return items;
  });
  return given({ version, name, rows, columns, wells: places, fieldCount, acquisitions });
}

function readNames(part: Part): string[] {
  const names = itemsOf(part).map((item) => nameOf(memberOf(item, "name")));
  if (names.length === 0) throw wrong(part, "is empty");
  checkDistinct(part, names);
  return names;
}

function readWell(item: Part, rows: string[], columns: string[]): WellPlace {
  const path = memberOf(item, "path");
  const row = rows[wholeOf(memberOf(item, "rowIndex"), 0)];
  const column = columns[wholeOf(memberOf(item, "columnIndex"), 0)];
  if (row === undefined || column === undefined) {
    throw wrong(item, "is in an unknown row or column");
  }
  if (stringOf(path) === `${row}/${column}`) return { path: `${row}/${column}`, row, column };
  throw wrong(path, `is ${shown(path.value)}, in row ${row} and column ${column}`);
}

function readAcquisition(item: Part): Acquisition {
  return given({
    id: wholeOf(memberOf(item, "id"), 0),
    name: described(item, "name", stringOf),
    description: described(item, "description", stringOf),
    fieldCount: described(item, "maximumfieldcount", (part) => wholeOf(part, 1)),
    startTime: described(item, "starttime", (part) => wholeOf(part, 0)),
    endTime: described(item, "endtime", (part) => wholeOf(part, 0)),
  });
}

function acquisitionItem(acquisition: Acquisition): Record<string, unknown> {
  const { id, name, description, fieldCount, startTime, endTime } = acquisition;
  const counted = { maximumfieldcount: fieldCount, starttime: startTime, endtime: endTime };
  return given({ id, name, description, ...counted });
}

/**
 * Returns the attributes of the group of a well.
 *
 * @throws {RegistryError} `Invalid` for duplicates, and paths that are not letters and digits
 */
export function wellAttributes({ version, fields }: WellMetadata): ZarrObject {
  const attributes = withVersion(version, { well: { version, images: fields } });
  parseWell(newDocument("well", attributes));
  return attributes;
}

/**
 * Reads the attributes of the group of a well, of 0.4 or 0.5.
 *
 * @param path the group, for messages
 * @throws {RegistryError} `Corrupt`, with the location, for what OME-NGFF does not allow;
 * `Unsupported` for other versions
 */
export function readWellAttributes(path: string, attributes: unknown): WellMetadata {
  return parseWell(readDocument(path, attributes));
}

function parseWell(document: Part): WellMetadata {
  const { version, metadata } = versionOf(document, "well");
  const images = memberOf(memberOf(metadata, "well"), "images");
  const fields = itemsOf(images).map((item): Field => {
    const path = nameOf(memberOf(item, "path"));
    return given({ path, acquisition: optional(item, "acquisition", (part) => wholeOf(part, 0)) });
  });
  if (fields.length === 0) throw wrong(images, "is empty");
  checkDistinct(images, fields.map(({ path }) => path));
  return { version, fields };
}
