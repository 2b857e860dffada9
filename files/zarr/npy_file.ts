// Showing an array as a file.
import { iterableStream } from "../../core/bytes/bytes.ts";
import type { NDArray } from "../../core/bytes/ndarray.ts";
import { bytesFile, contentBytes } from "../../core/files/content.ts";
import type { FileToDecode } from "../../core/format.ts";
import { npy } from "../../formats/npy.ts";
import { fileEntry } from "./array_files.ts";

/** Returns the `.npy` file of an array, which is encoded when it is read. */
export function npyFile(path: string, elements: NDArray): FileToDecode {
  const { size } = fileEntry(path, elements);
  const bytes = async () => await contentBytes(await npy().encode(elements));
  const stream: FileToDecode["stream"] = (range) =>
    iterableStream((async function* () {
      yield* bytesFile(path, await bytes()).stream(range);
    })());
  return { path, size, isShown: true, bytes, stream };
}
