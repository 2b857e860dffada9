/**
 * The default materializers. None needs a package.
 *
 * @module
 */
import { createMaterializerSet, type Materializers } from "../core/materializer.ts";
import { releaseMaterializer } from "../core/registry/release.ts";
import { blob } from "./blob.ts";
import { arrayBuffer, bytes } from "./bytes.ts";
import { json } from "./json.ts";
import { ndarray } from "./ndarray.ts";
import { file, folder } from "./path.ts";
import { text } from "./text.ts";
import { typedArray } from "./typed_array.ts";

export { blob } from "./blob.ts";
export { arrayBuffer, bytes, stream } from "./bytes.ts";
export { json } from "./json.ts";
export { ndarray } from "./ndarray.ts";
export { file, folder, LocalPath, localPath } from "./path.ts";
export { StoredPath } from "./path/stored_path.ts";
export { text } from "./text.ts";
export { typedArray } from "./typed_array.ts";
export type * from "../core/registry/left_out.ts";
export type { LocalPathOptions } from "./path/local_path_options.ts";
export type { WriteFilesOptions, WrittenFiles } from "../disk/write_files.ts";
export type { DataOf, DType, NDArray, TypedArray } from "../formats/arrays/ndarray.ts";
export type {
  Class,
  ClassMaterializer,
  DefinedArtifact,
  FileSource,
  FilesToSave,
  FileToSave,
  MaterializeOptions,
  Materializer,
  MaterializerDefinition,
  MaterializerDescriptor,
  Materializers,
} from "../core/materializer.ts";
export type {
  Artifact,
  ArtifactFile,
  ArtifactInfo,
  DirectPiece,
  FilePiece,
  LocalFile,
} from "../core/artifact.ts";
export type { Body, ByteRange } from "../core/backend.ts";
export type { Encoding, FileInfo, FileMode, Origin } from "../core/record.ts";
export type { System } from "../core/system.ts";
export type { PlainValue } from "../core/text/plain_value.ts";

/**
 * Creates a set of the default materializers: strings, plain data, bytes and streams of bytes,
 * buffers, blobs, arrays of numbers, files and folders. Add your own to it.
 *
 * @example
 * ```ts
 * import { defineMaterializer } from "@holdfast/holdfast";
 * import { createMaterializers } from "@holdfast/holdfast/materializers";
 * import { assertEquals } from "@std/assert";
 *
 * const materializers = createMaterializers();
 * const encode = (text: string) => new TextEncoder().encode(text);
 * materializers.register(RegExp, defineMaterializer<RegExp>({
 *   id: "acme/pattern",
 *   save: ({ source, flags }) => [{ path: "pattern", content: encode(`${flags}/${source}`) }],
 *   async load(artifact) {
 *     const text = new TextDecoder().decode(await artifact.file("pattern").bytes());
 *     const [, flags, source = ""] = /^(\w*)\/(.*)$/s.exec(text)!;
 *     return new RegExp(source, flags);
 *   },
 * }));
 * assertEquals(materializers.forValue(/a+/g).id, "acme/pattern");
 * assertEquals(materializers.forValue({ a: 1 }).id, "json");
 * ```
 */
export function createMaterializers(): Materializers {
  return createMaterializerSet([
    json(), // tried last
    text(),
    typedArray(),
    bytes(), // before typed arrays, so that a Uint8Array is saved without a header
    arrayBuffer(),
    blob(),
    ndarray(),
    file(),
    folder(),
    releaseMaterializer, // of no value by itself
  ]);
}
