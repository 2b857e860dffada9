// One log of all shards of a step.
import { iterableStream } from "../../../core/kernel.ts";
import type { Artifact } from "../../../mod.ts";
import type { FileSource } from "../../../materializers/mod.ts";

const encoder = new TextEncoder();
const MAX_LOG_BYTES = 8 * 1024 * 1024;

/** Joins the logs of all shards; undefined if they are empty. */
export function joinLogs(shards: Artifact, count: number): FileSource | undefined {
  const pieces: { size: number; chunks(): AsyncIterable<Uint8Array> | Iterable<Uint8Array> }[] = [];
  const addLine = (text: string) => {
    const bytes = encoder.encode(`… ${text} …\n`);
    pieces.push({ size: bytes.byteLength, chunks: () => [bytes] });
  };
  let size = 0;
  const files = new Map(shards.files().map((file) => [file.info.path, file]));
  for (let index = 0; index < count; index++) {
    const file = files.get(`${index}/log.txt`);
    if (file === undefined) continue;
    if (size + file.info.size > MAX_LOG_BYTES) {
      addLine(`the rest is in ${shards.info.name}@${shards.info.version}`);
      break;
    }
    size += file.info.size;
    addLine(`shard ${index}/${count}`);
    pieces.push({ size: file.info.size, chunks: () => file.stream() });
  }
  if (pieces.length === 0) return undefined;
  async function* all(): AsyncGenerator<Uint8Array> {
    for (const { chunks } of pieces) yield* chunks();
  }
  const total = pieces.reduce((sum, piece) => sum + piece.size, 0);
  return { size: total, stream: () => iterableStream(all()) };
}
