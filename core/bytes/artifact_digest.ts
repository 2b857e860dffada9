// The digest of an artifact's content.
import { compareUtf8 } from "./bytes.ts";
import { sha256 } from "./digest.ts";
import type { FileInfo } from "../record.ts";

/**
 * Returns the digest of an artifact: SHA-256 over one line for its materializer and one line per
 * file, `sha256 size mode path` (mode `-` for ordinary files, the path as JSON, then the
 * modification time if it is kept), sorted by the UTF-8 bytes of the path. Metadata is not part of
 * it.
 */
export function artifactDigest(
  materializer: { id: string; formatVersion: number },
  files: readonly FileInfo[],
): string {
  const sorted = files.length > 1 ? files.toSorted((a, b) => compareUtf8(a.path, b.path)) : files;
  const lines = sorted.map(({ path, size, sha256, mode = "-", modifiedAt }) =>
    `${sha256} ${size} ${mode} ${JSON.stringify(path)}${
      modifiedAt === undefined ? "" : ` ${modifiedAt}`
    }\n`
  );
  return sha256(`${materializer.id} ${materializer.formatVersion}\n${lines.join("")}`);
}
