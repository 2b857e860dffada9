// A file of a stored version, as formats read it.
import type { ArtifactFile } from "../core/artifact.ts";
import type { FileToDecode } from "../core/file_store.ts";

/** A file of an opened version as formats read it, also by ranges: `readRegion(fileToDecode(artifact.file(path)), …)`. */
export function fileToDecode(file: ArtifactFile): FileToDecode {
  const { path, size } = file.info;
  return { path, size, bytes: () => file.bytes(), stream: (range) => file.stream(range) };
}
