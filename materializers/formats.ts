/**
 * File formats as materializers: a version stores a file of a format, and is loaded as its value.
 *
 * @module
 */
import type { Artifact, ArtifactFile } from "../core/artifact.ts";
import { corrupt, isRegistryError, type RegistryError } from "../core/errors.ts";
import type { Format } from "../formats/content/format.ts";
import { defineMaterializer } from "../core/materializer.ts";
import type { ClassMaterializer, FileToSave, Materializers } from "../core/materializer.ts";
import { isJsonObject, parsedJson } from "../core/text/json_text.ts";
import { createFormats, type Formats } from "../formats/mod.ts";
import { fileToDecode } from "./file_to_decode.ts";
import { onlyFile } from "./only_file.ts";

export { fileToDecode };
export { zarr, type ZarrMaterializerOptions } from "./zarr.ts";

/** The file with the options that decoding needs. */
const READING = "format.json";
const MAX_READING_BYTES = 1 << 20;

/**
 * Creates the materializer of a format. Each version has one file, such as `data.png`, which other
 * programs can read. It also loads any other artifact of one file of this format.
 *
 * A registered one also saves values that its format accepts, unless a later materializer does.
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
 * const data = Uint8Array.of(0, 128, 255);
 * await registry.save(preview, { data, width: 3, height: 1, channels: 1, dtype: "uint8" });
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
 * Adds the materializers of all formats to a set, so that versions saved with {@linkcode
 * formatMaterializer} are loaded as values. Options that decoding needs, such as the types of CSV
 * columns, are stored in the version. Formats are loaded on demand. The choice of materializers
 * for saving does not change, and existing ids are kept.
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
  const options = new TextEncoder().encode(JSON.stringify(reading));
  return [data, { path: READING, content: options, mediaType: "application/json" }];
}

function dataFile(artifact: Artifact): ArtifactFile {
  const [file, other] = artifact.files().filter(({ info }) => info.path !== READING);
  return file !== undefined && other === undefined ? file : onlyFile(artifact);
}

async function formatFor(artifact: Artifact, id: string, formats: Formats): Promise<Format> {
  const stored = artifact.files().find(({ info }) => info.path === READING);
  if (stored === undefined || artifact.files().length === 1) return await formats.get(id);
  const isLarge = stored.info.size > MAX_READING_BYTES;
  const reading = isLarge ? undefined : parseReading(await stored.bytes());
  if (reading === undefined) throw badReading(artifact, id);
  try {
    return await formats.get(id, reading);
  } catch (error) {
    throw isRegistryError(error, "Invalid") ? badReading(artifact, id, error) : error;
  }
}

/** Returns undefined for bytes that are not a JSON object. */
function parseReading(bytes: Uint8Array): Record<string, unknown> | undefined {
  const reading = parsedJson(bytes);
  return isJsonObject(reading) ? reading : undefined;
}

function badReading(artifact: Artifact, id: string, cause?: unknown): RegistryError {
  const state = `${READING} has invalid options for format ${id}`;
  const hint = "Load it with the format that saved it: { as: formatMaterializer(…) }.";
  return corrupt("load", `"${artifact.info.name}"`, state, { hint, cause });
}
