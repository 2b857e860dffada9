// Locks of uploads as `@tus/server` asks for them.
import type { ServiceMemory } from "../memory/service_memory.ts";

/** A lock of `@tus/server`. */
interface UploadLock {
  /** Asks the holder to end its request, and waits for it. */
  lock(signal: AbortSignal, giveUp: () => void | Promise<void>): Promise<void>;
  unlock(): Promise<void>;
}

export interface TusLocks {
  newLock(id: string): UploadLock;
}

/**
 * Creates locks that wait as long as needed; `MemoryLocker` of `@tus/server` polls and fails. They
 * are those of a token: a request with another one must not end the one that sends an upload.
 */
export function createTusLocks(
  { locks }: Pick<ServiceMemory, "locks">,
  token: string | undefined,
): TusLocks {
  return {
    newLock(id) {
      const upload = JSON.stringify([token, id]);
      let held: string | undefined;
      const unlock = async () => {
        if (held !== undefined) await locks.give(upload, held);
      };
      return {
        async lock(signal, giveUp) {
          signal.throwIfAborted();
          const taken = held = await locks.take(upload);
          if (signal.aborted) {
            await unlock();
            signal.throwIfAborted();
          }
          locks.isWanted(upload, taken).then((wanted) => wanted ? giveUp() : undefined)
            .catch(() => {}); // the holder ends by itself
        },
        unlock,
      };
    },
  };
}
