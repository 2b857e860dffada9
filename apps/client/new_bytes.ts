// Sends and fetches only the bytes of a large file that another version of it lacks. Loaded when it
// is needed, and not by browsers.
import type { ArtifactInfo } from "../../core/artifact.ts";
import type { ByteRange } from "../../core/backend.ts";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { averageLike, ChunkList, equalRuns, ListMaker } from "../../core/bytes/content_chunks.ts";
import type { ChunkRun } from "../../core/bytes/content_chunks.ts";
import { createSha256 } from "../../core/bytes/digest.ts";
import { missingRanges, onlyRanges, planRebuild, rebuilt } from "../../core/bytes/rebuild.ts";
import type { LocalCopy } from "../../core/bytes/rebuild.ts";
import { mapAtOnce } from "../../core/work/at_once.ts";
import { nameSegment } from "../../core/naming/names.ts";
import { artifactPath, filePath } from "./address.ts";
import type { Connection } from "./connection.ts";
import type { LargeContent, SendContentOptions } from "./content.ts";
import { sendContent } from "./send_content.ts";

interface RemoteFile {
  info: ArtifactInfo;
  path: string;
  signal?: AbortSignal;
}

/** Returns the list of a file's chunks; undefined if the service has none. */
async function chunkList(
  connection: Connection,
  { info: { name, version, commit, files }, path, signal }: RemoteFile,
): Promise<ChunkList | undefined> {
  const size = files.find((file) => file.path === path)?.size ?? 0;
  const response = await connection.request({
    action: `read the chunks of "${name}@${version}"`,
    path: `${artifactPath(name)}/versions/${nameSegment(version)}/chunks/${filePath(path)}`,
    query: { commit },
    also: [404, 409, 410, 500], // none, or it was replaced or is damaged
    signal,
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return response.ok ? ChunkList.decode(bytes, size) : undefined;
}

/** A file of which more is new is sent whole. */
const MOST_NEW = 0.9;

export interface SentRuns {
  size: number;
  sha256: string;
  upload?: string;
  earlier: { name: string; version: string; commit: string; runs: ChunkRun[] };
}

/** Sends the bytes that the file of an earlier version lacks; undefined if it has little of them. */
export async function sendNewBytes(
  connection: Connection,
  content: LargeContent,
  { info, path, ...options }: RemoteFile & SendContentOptions,
): Promise<SentRuns | undefined> {
  const { size = 0 } = content;
  const list = await chunkList(connection, { info, path, signal: options.signal });
  if (list === undefined || averageLike(list, size) !== list.average) return undefined;
  const maker = new ListMaker(list.average), hash = createSha256();
  for await (const chunk of content.chunks()) {
    options.signal?.throwIfAborted();
    maker.update(chunk);
    hash.update(chunk);
  }
  const runs = equalRuns(maker.end(), list);
  const ranges = missingRanges(runs);
  const missing = ranges.reduce((sum, { length }) => sum + length, 0);
  if (missing > size * MOST_NEW) return undefined;
  options.onBytes?.(size - missing);
  const chunks = () => onlyRanges(content.chunks(), ranges);
  const fresh = { size: missing, stays: true, source: content.source, ranges, chunks };
  const sent = missing === 0
    ? undefined
    : await sendContent(connection, fresh, { ...options, throughService: true });
  const { name, version, commit } = info;
  return {
    size,
    sha256: hash.digest(),
    ...(sent && { upload: sent.upload }),
    earlier: { name, version, commit, runs },
  };
}

/** Bytes of one request, and requests at once. */
const PIECE_BYTES = 4 * 1024 * 1024;
const AT_ONCE = 4;

/** Returns the bytes of a file, unverified: most of them from a copy of another version. */
export async function rebuildFile(
  connection: Connection,
  file: RemoteFile,
  { copy, read }: { copy: LocalCopy; read(range: Required<ByteRange>): AsyncIterable<Uint8Array> },
): Promise<(() => AsyncIterable<Uint8Array>) | undefined> {
  const list = await chunkList(connection, file);
  const runs = list && await planRebuild(list, copy);
  if (runs === undefined) return undefined;
  const pieces = missingRanges(runs).flatMap(({ offset, length }) =>
    Array.from({ length: Math.ceil(length / PIECE_BYTES) }, (_, i) => ({
      offset: offset + i * PIECE_BYTES,
      length: Math.min(PIECE_BYTES, length - i * PIECE_BYTES),
    }))
  );
  const fetch = async (range: Required<ByteRange>) =>
    concatBytes(await Array.fromAsync(read(range)));
  return () => rebuilt(runs, copy, mapAtOnce(pieces, fetch, { concurrency: AT_ONCE }));
}
