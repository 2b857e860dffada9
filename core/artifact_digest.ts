// The digest of an artifact's content.
import type { FileInfo } from "./record.ts";
import { slicesInTurns } from "./work/next_turn.ts";
import { sortedByPath } from "./bytes/bytes.ts";
import { createSha256 } from "./bytes/digest.ts";

/**
 * Returns the digest of an artifact: SHA-256 over one line for its materializer and one line per
 * file, `sha256 size mode path` (mode `-` for ordinary files, the path as JSON, then the
 * modification time if it is kept), sorted by the UTF-8 bytes of the path. Metadata is not part of
 * it.
 *
 * @param files all, in any order, or some at a time, sorted
 */
export async function artifactDigest(
  { id, formatVersion }: { id: string; formatVersion: number },
  files: readonly FileInfo[] | AsyncIterable<readonly FileInfo[]>,
): Promise<string> {
  const slices = Symbol.asyncIterator in files ? files : slicesInTurns(sortedByPath(files));
  const hash = createSha256().update(`${id} ${formatVersion}\n`);
  for await (const some of slices) hash.update(some.map(lineOf).join(""));
  return hash.digest();
}

function lineOf({ path, size, sha256, mode, modifiedAt }: FileInfo): string {
  const time = modifiedAt === undefined ? "" : ` ${modifiedAt}`;
  return `${sha256} ${size} ${mode ?? "-"} ${JSON.stringify(path)}${time}\n`;
}
