// Which token committed a draft, so that its repeat after a lost answer gets the result again.

/** More are forgotten, the oldest first. */
const MOST = 1000;

export class CommittedDrafts {
  readonly #tokens = new Map<string, string | undefined>();

  add(name: string, draft: string, token: string | undefined): void {
    const key = JSON.stringify([name, draft]);
    this.#tokens.delete(key);
    this.#tokens.set(key, token);
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size <= MOST) break;
      this.#tokens.delete(oldest);
    }
  }

  isBy(name: string, draft: string, token: string | undefined): boolean {
    const key = JSON.stringify([name, draft]);
    return this.#tokens.has(key) && this.#tokens.get(key) === token;
  }
}
