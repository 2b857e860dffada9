// Streams of bytes that are read into the memory of their reader, without a copy.

/** Returns memory of `size` bytes or fewer, at least one, to read into. */
export type TakeMemory = (size: number) => Uint8Array<ArrayBuffer>;

/** Takes the same memory again and again: a chunk in it is valid until the next one is read. */
export function sameMemory(): TakeMemory {
  let memory = new Uint8Array();
  return (size) => {
    if (memory.byteLength < size) memory = new Uint8Array(size);
    return memory.subarray(0, size);
  };
}

const CHUNK_BYTES = 1 << 20;

/**
 * Returns a stream of chunks that are read into memory of the stream's reader, or else into new
 * memory. The memory moves with each chunk: none has a length after the next one is awaited.
 */
export function memoryStream(
  open: (take: TakeMemory) => AsyncIterable<Uint8Array>,
): ReadableStream<Uint8Array> {
  let memory = new Uint8Array();
  const iterator = open((size) => memory.subarray(0, size))[Symbol.asyncIterator]();
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: CHUNK_BYTES,
    async pull(controller) {
      const request = controller.byobRequest!; // there always is one, as memory is allocated
      memory = request.view as Uint8Array<ArrayBuffer>;
      const next = await iterator.next();
      if (next.done) controller.close();
      request.respond(next.done ? 0 : next.value.byteLength);
    },
    async cancel(reason) {
      await iterator.return?.(reason);
    },
  });
}

/** Fills memory with the bytes of a stream. */
export interface FillingReader {
  /**
   * Returns the memory, which moves, with the next bytes. It is full unless the stream ends; then it
   * is as short as what remained. A cancelled stream looks like one that ended.
   */
  fill(memory: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  cancel(reason: unknown): Promise<void>;
  releaseLock(): void;
}

export function fillingReader(stream: ReadableStream<Uint8Array>): FillingReader {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = stream.getReader({ mode: "byob" });
  } catch {
    return copyingReader(stream.getReader());
  }
  return {
    async fill(memory) {
      const { byteOffset, byteLength } = memory;
      let { buffer } = memory, count = 0;
      while (count < byteLength) {
        const rest = new Uint8Array(buffer, byteOffset + count, byteLength - count);
        const { done, value } = await reader.read(rest);
        if (value === undefined) return new Uint8Array(); // cancelled
        buffer = value.buffer;
        count += value.byteLength;
        if (done) break;
      }
      return new Uint8Array(buffer, byteOffset, count);
    },
    cancel: (reason) => reader.cancel(reason),
    releaseLock: () => reader.releaseLock(),
  };
}

function copyingReader(reader: ReadableStreamDefaultReader<Uint8Array>): FillingReader {
  let rest = new Uint8Array();
  return {
    async fill(memory) {
      let count = 0;
      while (count < memory.byteLength) {
        if (rest.byteLength === 0) {
          const next = await reader.read();
          if (next.done) break;
          rest = next.value as Uint8Array<ArrayBuffer>;
        }
        const copied = rest.subarray(0, memory.byteLength - count);
        memory.set(copied, count);
        count += copied.byteLength;
        rest = rest.subarray(copied.byteLength);
      }
      return memory.subarray(0, count);
    },
    cancel: (reason) => reader.cancel(reason),
    releaseLock: () => reader.releaseLock(),
  };
}
