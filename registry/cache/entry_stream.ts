// An entry that is written while it is made: a stream that holds a few chunks, and ends well or not
// at all.
import { fault, type RegistryError } from "../../core/errors.ts";
import type { System } from "../../core/system.ts";

/** So much is held for a cache that is slower than its source. */
const BUFFER_BYTES = 8 * 1024 * 1024;
/** A cache that takes nothing for so long is not waited for any more. */
const STALL_MS = 2_000;

export interface EntryStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly abandoned: boolean;
  write(chunk: Uint8Array): Promise<void> | undefined;
  close(): void;
  abandon(): void;
}

export interface EntryStreamOptions {
  system: System;
  onStall(error: RegistryError): void;
}

export function createEntryStream({ system, onStall }: EntryStreamOptions): EntryStream {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let state: "open" | "closed" | "abandoned" = "open";
  let wake = () => {};
  const body = new ReadableStream<Uint8Array>({
    start: (own) => void (controller = own),
    pull: () => wake(),
    cancel() {
      state = "closed"; // writing it failed
      wake();
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: BUFFER_BYTES }));

  function end(as: "closed" | "abandoned", error: RegistryError): void {
    if (state === "open") {
      state = as;
      controller.error(error);
    }
    wake();
  }

  async function waitForReader(): Promise<void> {
    const timer = new AbortController();
    const taken = new Promise<void>((resolve) => wake = resolve);
    const late = system.sleep(STALL_MS, timer.signal).then(() => {
      const error = fault({
        code: "Unavailable",
        action: "write an entry",
        state: `the cache took nothing for ${STALL_MS} ms`,
        hint: "Check its disk.",
      });
      end("closed", error);
      onStall(error);
    }, () => {});
    await Promise.race([taken, late]);
    timer.abort();
  }

  return {
    body,
    get abandoned() {
      return state === "abandoned";
    },
    write(chunk) {
      if (state !== "open") return undefined;
      controller.enqueue(chunk.slice());
      return controller.desiredSize! <= 0 ? waitForReader() : undefined;
    },
    close() {
      if (state !== "open") return;
      state = "closed";
      controller.close();
    },
    abandon() {
      end(
        "abandoned",
        fault({
          code: "Conflict",
          action: "write an entry",
          state: "it was abandoned",
          hint: "Read the whole of it to have it cached.",
        }),
      );
    },
  };
}
