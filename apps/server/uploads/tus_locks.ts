// Locks for one request at a time on each upload, within this process. Between processes, the store
// decides.

/** A lock of `@tus/server`. */
interface UploadLock {
  /** Asks the holder to end its request, and waits for it. */
  lock(signal: AbortSignal, giveUp: () => void | Promise<void>): Promise<void>;
  unlock(): Promise<void>;
}

export interface UploadLocks {
  newLock(id: string): UploadLock;
}

/**
 * Creates locks for which the last client wins, so a client that reconnects does not wait for its
 * own broken connection. They wait as long as needed; `MemoryLocker` of `@tus/server` polls and
 * fails.
 */
export function createUploadLocks(): UploadLocks {
  const held = new Map<string, { giveUp(): void | Promise<void>; gone: Promise<void> }>();
  return {
    newLock(id) {
      let leave = () => {};
      return {
        async lock(signal, giveUp) {
          for (let other = held.get(id); other !== undefined; other = held.get(id)) {
            signal.throwIfAborted();
            await other.giveUp();
            await other.gone;
          }
          const { promise, resolve } = Promise.withResolvers<void>();
          held.set(id, { giveUp, gone: promise });
          leave = () => {
            held.delete(id);
            resolve();
          };
        },
        unlock: () => Promise.resolve(leave()),
      };
    },
  };
}
