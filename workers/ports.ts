// Content of the caller's thread that workers read in pieces, and their side of it.
import { plainBytes } from "../core/bytes/bytes.ts";
import type { LargeContent } from "../registry/payload/content.ts";
import type { CallerMethods } from "./protocol.ts";
import type { Channel } from "./channel.ts";

export const PIECE_BYTES = 4 * 1024 * 1024;

export interface Port {
  readonly number: number;
  readonly spent: boolean;
  close(): Promise<void>;
}

export interface Ports {
  methods: Pick<CallerMethods, "openPort" | "pull" | "closePort">;
  offer(content: LargeContent): Port;
}

export function createPorts(): Ports {
  const offered = new Map<number, { content: LargeContent; streams: Set<number> }>();
  const streams = new Map<number, { places: Uint8Array[]; pieces: Pieces }>();
  let lastNumber = 0;

  async function close(stream: number): Promise<void> {
    const known = streams.get(stream);
    streams.delete(stream);
    await known?.pieces.close();
  }
  return {
    methods: {
      openPort({ port, places }) {
        const { content, streams: opened } = offered.get(port)!;
        opened.add(++lastNumber);
        streams.set(lastNumber, {
          places: places.map((place) => new Uint8Array(place)),
          pieces: createPieces(content),
        });
        return lastNumber;
      },
      async pull({ stream, place }) {
        const known = streams.get(stream); // a request ahead may come after the end
        const bytes = await known?.pieces.fill(known.places[place]!) ?? 0;
        if (bytes === 0) streams.delete(stream);
        return bytes;
      },
      closePort: ({ stream }) => close(stream),
    },
    offer(content) {
      const number = ++lastNumber;
      const opened = new Set<number>();
      offered.set(number, { content, streams: opened });
      return {
        number,
        get spent() {
          return !content.repeatable && opened.size > 0;
        },
        async close() {
          offered.delete(number);
          await Promise.allSettled(Array.from(opened, close));
        },
      };
    },
  };
}

interface Pieces {
  /** Fills at least half of a place, unless the content ends. Returns the bytes, 0 at the end. */
  fill(place: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

/** Copies content into places: joins small chunks and splits large ones. */
function createPieces(content: LargeContent): Pieces {
  const chunks = chunksOf(content);
  let chunk: Uint8Array = new Uint8Array();
  let turn: Promise<unknown> = Promise.resolve();

  async function fillNow(place: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < place.byteLength / 2) {
      if (chunk.byteLength === 0) {
        const next = await chunks.next();
        if (next.done) break;
        chunk = plainBytes(next.value);
      }
      const part = chunk.subarray(0, place.byteLength - filled);
      place.set(part, filled);
      filled += part.byteLength;
      chunk = chunk.subarray(part.byteLength);
    }
    return filled;
  }
  return {
    fill(place) {
      const filled = turn.then(() => fillNow(place)); // keeps the order of concurrent requests
      turn = filled.catch(() => {});
      return filled;
    },
    async close() {
      await chunks.return(undefined);
    },
  };
}

async function* chunksOf({ source, chunks }: LargeContent): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) yield source; // `fill` copies it
  else yield* chunks();
}

const PIECES_AHEAD = 2;
/** Places kept for later content. */
const MAX_KEPT = 8;
const kept: SharedArrayBuffer[] = [];

/**
 * Pulls pieces ahead of the one in use, since the caller's thread may be busy. With `passing` the
 * consumer is done with a piece when it asks for the next, so pieces are not copied.
 */
export async function* pulledChunks(
  caller: Channel<CallerMethods>,
  { port, passing }: { port: number; passing: boolean },
): AsyncGenerator<Uint8Array> {
  const places = Array.from(
    { length: PIECES_AHEAD },
    () => kept.pop() ?? new SharedArrayBuffer(PIECE_BYTES),
  );
  const stream = await caller.call("openPort", { port, places });
  const asked: { place: number; buffer: SharedArrayBuffer; bytes: Promise<number> }[] = [];
  const ask = (place: number, buffer: SharedArrayBuffer) => {
    const bytes = caller.call("pull", { stream, place });
    bytes.catch(() => {}); // the awaited promise reports it
    asked.push({ place, buffer, bytes });
  };
  for (const [place, buffer] of places.entries()) ask(place, buffer);
  let ended = false;
  try {
    for (;;) {
      const { place, buffer, bytes } = asked.shift()!;
      const piece = new Uint8Array(buffer, 0, await bytes);
      ended = piece.byteLength === 0;
      if (ended) return;
      yield passing ? piece : piece.slice();
      ask(place, buffer);
    }
  } finally {
    // The other thread may still write into the places of a stream that did not end.
    if (ended) kept.push(...places.slice(0, MAX_KEPT - kept.length));
    else caller.call("closePort", { stream }).catch(() => {});
  }
}
