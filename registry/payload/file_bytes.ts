// The bytes of a file, whole or in part, and what sees them on their way to a reader. Whichever way
// they are read, they pass the same inspections, so none can leave out a check.
import type { FilePiece } from "../../core/artifact.ts";
import type { WindowOptions } from "./read_ranges.ts";

export type PassTo = FilePiece["passTo"];

/** Bytes that are read anew by each call. Errors of an inspection may come after the bytes. */
export interface FileBytes {
  bytes(): Promise<Uint8Array>;
  /** Yields chunks that the reader owns. */
  chunks(options?: WindowOptions): AsyncIterable<Uint8Array>;
  /** Passes chunks that are valid until `write` has ended. Needs no stream. */
  passTo: PassTo;
}

/** Sees the bytes of one reading. */
export interface Inspection {
  /** Takes each chunk before the reader does. A promise delays the next one. */
  see: (chunk: Uint8Array) => void | Promise<void>;
  /** Throws if the bytes that it saw are not those of the file. */
  end?: () => void;
  /** Called after `end`, and if reading stops or fails before. */
  leave?: () => void;
}

type Begin = () => Inspection | Promise<Inspection>;

/** Returns bytes that are inspected while they are read. Each reading begins an inspection. */
export function inspected(source: FileBytes, begin: Begin): FileBytes {
  return {
    async bytes() {
      const { see, end, leave } = await begin();
      try {
        const bytes = await source.bytes();
        see(bytes); // no other chunk waits for it
        end?.();
        return bytes;
      } finally {
        leave?.();
      }
    },
    async *chunks(options) {
      const { see, end, leave } = await begin();
      try {
        for await (const chunk of source.chunks(options)) {
          const passing = see(chunk);
          yield chunk;
          if (passing !== undefined) await passing;
        }
        end?.();
      } finally {
        leave?.();
      }
    },
    passTo: (write, signal) => inspectedPass(source.passTo, begin)(write, signal),
  };
}

/** Does the same for bytes that are only passed on. */
export function inspectedPass(passTo: PassTo, begin: Begin): PassTo {
  return async (write, signal) => {
    const { see, end, leave } = await begin();
    try {
      await passTo((chunk) => {
        const passing = see(chunk), written = write(chunk);
        return passing === undefined ? written : Promise.all([passing, written]).then(() => {});
      }, signal);
      end?.();
    } finally {
      leave?.();
    }
  };
}

/** Passes chunks that are yielded; an abort ends it between two of them. */
export function passEach(chunks: (signal?: AbortSignal) => AsyncIterable<Uint8Array>): PassTo {
  return async (write, signal) => {
    for await (const chunk of chunks(signal)) {
      signal?.throwIfAborted();
      await write(chunk);
    }
  };
}

/** Reads bytes into one buffer of their size. */
export async function gather(size: number, passTo: PassTo): Promise<Uint8Array> {
  const whole = new Uint8Array(size);
  let offset = 0;
  await passTo((chunk) => {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  });
  return whole;
}

/** Returns bytes that `read` has at once. */
export function inMemory(read: () => Uint8Array): FileBytes {
  return {
    bytes: () => Promise.resolve(read()),
    async *chunks() {
      yield await Promise.resolve(read());
    },
    passTo: async (write) => await write(read()),
  };
}

/** Copies chunks that are valid until the next one. */
export async function* owned(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield chunk.slice();
}
