// One request at a time on each upload of this process. What two processes do at once is decided by
// the store.

/** A lock as `@tus/server` takes it. */
export interface UploadLock {
  /** Asks the holder to end its request, and waits until it has. */
  lock(signal: AbortSignal, giveUp: () => void | Promise<void>): Promise<void>;
  unlock(): Promise<void>;
}

export interface UploadLocks {
  newLock(id: string): UploadLock;
}

/**
 * Creates locks that the last client gets: one that comes again must not wait for its own broken connection, of which
 * the server has not heard. It waits as long as the store takes; `MemoryLocker` of `@tus/server` polls and gives up.
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
