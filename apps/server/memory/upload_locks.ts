// Locks for one request at a time on each upload. The last client wins, so a client that reconnects
// does not wait for its own broken connection.

interface HeldLock {
  id: string;
  /** Another request wants it. */
  readonly wanted: PromiseWithResolvers<boolean>;
  readonly given: PromiseWithResolvers<void>;
}

export class UploadLocks {
  readonly #held = new Map<string, HeldLock>();
  #taken = 0;

  /** Asks the holder to end its request, and waits for it. Returns the id of the lock. */
  async take(upload: string): Promise<string> {
    for (let other = this.#held.get(upload); other; other = this.#held.get(upload)) {
      other.wanted.resolve(true);
      await other.given.promise;
    }
    const id = String(++this.#taken);
    const [wanted, given] = [Promise.withResolvers<boolean>(), Promise.withResolvers<void>()];
    this.#held.set(upload, { id, wanted, given });
    return id;
  }

  /** Resolves once another request wants the lock: true, or false if it was given back before. */
  async isWanted(upload: string, id: string): Promise<boolean> {
    const lock = this.#held.get(upload);
    return lock?.id === id && await lock.wanted.promise;
  }

  /** Gives a lock back. */
  // deno-lint-ignore require-await -- a process may ask another one
  async give(upload: string, id: string): Promise<void> {
    const lock = this.#held.get(upload);
    if (lock?.id !== id) return;
    this.#held.delete(upload);
    lock.wanted.resolve(false);
    lock.given.resolve();
  }
}
