/**
 * Formats of files as materializers: a version that holds a file of a format, and is loaded as the value in it.
 *
 * @module
 */
import type { Artifact, ArtifactFile } from "../core/artifact.ts";
import { fault, isRegistryError, type RegistryError } from "../core/errors.ts";
import type { Format } from "../formats/content/format.ts";
import { defineMaterializer } from "../core/materializer.ts";
import type { ClassMaterializer, FileToSave, Materializers } from "../core/materializer.ts";
import { isJsonObject, parseJson } from "../core/text/json_text.ts";
import { createFormats, type Formats } from "../formats/mod.ts";
import { fileToDecode } from "./file_to_decode.ts";
import { onlyFile } from "./only_file.ts";

export { fileToDecode };
export { zarr, type ZarrMaterializerOptions } from "./zarr.ts";

/** What reading the file beside it needs to be told. */
const READING = "format.json";
/** Nothing that a format needs to be told takes more. */
const MAX_READING_BYTES = 1 << 20;

/**
 * The materializer of values that files of a format hold: each version has one such file, `data.png`, which other
 * programs can read. Of any other artifact of one file it loads what that file holds.
 *
 * Registered, it also saves what the format accepts and no later one does: `png()` takes all images.
 *
 * @example
 * ```ts
 * import { defineArtifact, openRegistry } from "@holdfast/holdfast";
 * import { formatMaterializer } from "@holdfast/holdfast/materializers/formats";
 * import { png } from "@holdfast/holdfast/formats/png";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * const preview = defineArtifact("preview", formatMaterializer(png()));
 * await registry.save(preview, { data: Uint8Array.of(0, 128, 255), width: 3, height: 1, channels: 1, dtype: "uint8" });
 * assertEquals((await registry.load(preview)).width, 3);
 * ```
 */
export function formatMaterializer<T, S>(format: Format<T, S>): ClassMaterializer<T, S> {
  return defineMaterializer<T, S>({
    id: idOf(format.id),
    accepts: (value) => format.accepts(value),
    save: (value, options) => filesOf(format, value, options),
    load: async (artifact, { signal }) =>
      await format.decode(fileToDecode(dataFile(artifact)), { signal }),
  });
}

/**
 * Adds all formats to a set of materializers, so that versions that {@linkcode formatMaterializer} saved are loaded as
 * the values that they hold. What a file is read with, such as the types of the columns of a CSV, was kept beside it.
 * A format is loaded when a version of its kind is. Which materializer saves a value without being named stays as it is;
 * of an id that is there nothing is added.
 *
 * @param formats @default `createFormats()`
 *
 * @example
 * ```ts
 * import { defineArtifact, openRegistry } from "@holdfast/holdfast";
 * import { addFormats, formatMaterializer } from "@holdfast/holdfast/materializers/formats";
 * import { yaml } from "@holdfast/holdfast/formats/yaml";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * addFormats(registry.materializers);
 * await registry.save(defineArtifact("settings", formatMaterializer(yaml())), { depth: 12 });
 * assertEquals(await registry.load("settings"), { depth: 12 });
 * ```
 */
export function addFormats(materializers: Materializers, formats: Formats = createFormats()): void {
  for (const id of formats.names()) {
    if (materializers.has(idOf(id))) continue;
    materializers.register(defineMaterializer({
      id: idOf(id),
      save: async (value, options) => await filesOf(await formats.get(id), value, options),
      async load(artifact, { signal }) {
        const format = await formatFor(artifact, id, formats);
        return await format.decode(fileToDecode(dataFile(artifact)), { signal });
      },
    }));
  }
}

const idOf = (id: string) => `format/${id}`;

async function filesOf<S>(
  format: Format<unknown, S>,
  value: S,
  { signal }: { signal?: AbortSignal },
): Promise<FileToSave[]> {
  const { extensions: [extension = ""], mediaType, reading } = format;
  const content = await format.encode(value, { signal });
  const data: FileToSave = { path: `data${extension}`, content, mediaType };
  if (reading === undefined) return [data];
  const told = new TextEncoder().encode(JSON.stringify(reading));
  return [data, { path: READING, content: told, mediaType: "application/json" }];
}

/** The file that holds the value. */
function dataFile(artifact: Artifact): ArtifactFile {
  const files = artifact.files().filter(({ info }) => info.path !== READING);
  return files.length === 1 ? files[0] : onlyFile(artifact);
}

/** The format with what the file says about how it is read. */
async function formatFor(artifact: Artifact, id: string, formats: Formats): Promise<Format> {
  const told = artifact.files().find(({ info }) => info.path === READING);
  if (told === undefined || artifact.files().length === 1) return await formats.get(id);
  const reading = told.info.size > MAX_READING_BYTES ? undefined : parseReading(await told.bytes());
  if (reading === undefined) throw badReading(artifact, id);
  try {
    return await formats.get(id, reading);
  } catch (error) {
    throw isRegistryError(error, "Invalid") ? badReading(artifact, id, error) : error;
  }
}

/** Undefined for what is no object in JSON. */
function parseReading(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const reading = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isJsonObject(reading) ? reading : undefined;
  } catch {
    return undefined;
  }
}

function badReading(artifact: Artifact, id: string, cause?: unknown): RegistryError {
  return fault({
    code: "Corrupt",
    action: "load",
    subject: `"${artifact.info.name}"`,
    state: `${READING} does not say how a file of format ${id} is read`,
    hint: "Load it with the format that it was saved with: { as: formatMaterializer(…) }.",
    cause,
  });
}
