// A file of a stored version, as formats read it.
import type { ArtifactFile } from "../core/artifact.ts";
import type { ByteRange } from "../core/backend.ts";
import { iterableStream, rangeOf } from "../core/bytes/bytes.ts";
import { isRegistryError } from "../core/errors.ts";
import type { FileToDecode } from "../core/file_store.ts";

/** A file of an opened version as formats read it, also by ranges: `readRegion(fileToDecode(artifact.file(path)), …)`. */
export function fileToDecode(file: ArtifactFile): FileToDecode {
  const { path, size } = file.info;
  return {
    path,
    size,
    bytes: () => file.bytes(),
    stream: (range) => range === undefined ? file.stream() : iterableStream(fileRange(file, range)),
  };
}

/** A range of a file. Of a compressed one, which has none, all is read up to its end. */
async function* fileRange(file: ArtifactFile, range: ByteRange): AsyncGenerator<Uint8Array> {
  let begun = false;
  try {
    for await (const chunk of file.stream(range)) {
      begun = true;
      yield chunk;
    }
  } catch (error) {
    if (begun || !isRegistryError(error, "Unsupported")) throw error;
    yield* rangeOf(file.stream(), range);
  }
}
