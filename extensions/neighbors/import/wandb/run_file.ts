// Records of a file `run-ID.wandb`: a log of blocks of 32 KiB, as in LevelDB, with messages of protocol
// buffers.
//
//   ":W&B" 0xBEE1 version                        7 bytes
//   CRC-32 (4), length (2), kind (1), bytes      kind 1: a record; 2, 3, 4: its first, next, last part
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import { corrupt, isRegistryError } from "../../../../core/kernel.ts";
import { type Message, messageIn } from "../protobuf.ts";
import { reasonOf } from "../source_files.ts";

const BLOCK = 32 * 1024, HEAD = 7;
const MOST_BYTES = 64 * 1024 * 1024;
const KIND = { whole: 1, first: 2, last: 4 } as const;

/** Yields the records of a file. What cannot be read ends it, and is a problem. */
export async function* recordsIn(
  chunks: AsyncIterable<Uint8Array>,
  problems: string[],
): AsyncGenerator<Message> {
  let parts: Uint8Array[] = [], size = 0;
  try {
    for await (const block of blocksOf(chunks)) {
      for (const { kind, data } of partsOf(block)) {
        if (kind === KIND.whole || kind === KIND.first) parts = [], size = 0;
        parts.push(data);
        size += data.byteLength;
        if (size > MOST_BYTES) throw damaged("a record is too large");
        if (kind === KIND.whole || kind === KIND.last) {
          yield messageIn(Buffer.concat(parts));
          parts = [];
        }
      }
    }
  } catch (error) {
    if (!isRegistryError(error, "Corrupt")) throw error;
    problems.push(reasonOf(error));
  }
}

/** Yields blocks. The first begins with the head of the file. */
async function* blocksOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0), isFirst = true;
  const take = (block: Buffer) => {
    if (!isFirst) return block;
    isFirst = false;
    const isOurs = block.subarray(0, 4).toString("latin1") === ":W&B" &&
      block.length >= HEAD && block.readUInt16LE(4) === 0xBEE1;
    if (!isOurs) throw damaged("it does not begin as such files do");
    return block.subarray(HEAD);
  };
  for await (const chunk of chunks) {
    held = Buffer.concat([held, chunk]);
    let at = 0;
    for (; held.length - at >= BLOCK; at += BLOCK) yield take(held.subarray(at, at + BLOCK));
    held = held.subarray(at);
  }
  if (held.length > 0) yield take(held);
}

/** Yields the parts of a block. A part that the end of the file cuts is not there. */
function* partsOf(block: Buffer): Generator<{ kind: number; data: Uint8Array }> {
  for (let at = 0; at + HEAD <= block.length;) {
    const length = block.readUInt16LE(at + 4), kind = block[at + 6] ?? 0;
    if (kind === 0 && length === 0) return;
    const end = at + HEAD + length;
    if (end > block.length) return;
    if (crc32(block.subarray(at + 6, end)) !== block.readUInt32LE(at)) {
      throw damaged("a checksum differs");
    }
    yield { kind, data: block.subarray(at + HEAD, end) };
    at = end;
  }
}

function damaged(state: string): Error {
  return corrupt("read", "a file .wandb", state);
}
