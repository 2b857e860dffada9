// One request at a time on each upload of this process.
export interface UploadLock {
  /** Waits until whoever has it is gone: it is told to go, and what it has got is kept. */
  lock(signal: AbortSignal, giveUp: () => void | Promise<void>): Promise<void>;
  unlock(): Promise<void>;
}

export interface UploadLocks {
  newLock(id: string): UploadLock;
}

/**
 * Creates locks that whoever comes last gets: a client that comes again must not wait for its own connection that
 * broke, of which the server has not heard. What two processes do at once is decided by the store.
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
        unlock() {
          leave();
          return Promise.resolve();
        },
      };
    },
  };
}

/** A lock that is always free: for what nobody else can know yet. */
export const FREE: UploadLocks = {
  newLock: () => ({ lock: () => Promise.resolve(), unlock: () => Promise.resolve() }),
};
