// What all shards of a step said, as one log.
import type { Artifact } from "../../../core/artifact.ts";
import { iterableStream } from "../../../core/bytes/bytes.ts";
import type { FileSource } from "../../../core/materializer.ts";

const MAX_BYTES = 8 * 1024 * 1024;

const encoder = new TextEncoder();

/** The logs of shards one after the other; undefined where nothing was said. */
export function joinLogs(shards: Artifact, count: number): FileSource | undefined {
  const pieces: { size: number; chunks(): AsyncIterable<Uint8Array> | Iterable<Uint8Array> }[] = [];
  const say = (text: string) => {
    const bytes = encoder.encode(`… ${text} …\n`);
    pieces.push({ size: bytes.byteLength, chunks: () => [bytes] });
  };
  let size = 0;
  const files = new Map(shards.files().map((file) => [file.info.path, file]));
  for (let index = 0; index < count; index++) {
    const file = files.get(`${index}/log.txt`);
    if (file === undefined) continue;
    if (size + file.info.size > MAX_BYTES) {
      say(`more is in ${shards.info.name}@${shards.info.version}`);
      break;
    }
    size += file.info.size;
    say(`shard ${index}/${count}`);
    pieces.push({ size: file.info.size, chunks: () => file.stream() });
  }
  if (pieces.length === 0) return undefined;
  return {
    size: pieces.reduce((sum, piece) => sum + piece.size, 0),
    stream: () => iterableStream(all()),
  };

  async function* all(): AsyncGenerator<Uint8Array> {
    for (const { chunks } of pieces) yield* chunks();
  }
}
