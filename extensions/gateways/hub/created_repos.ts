// Repositories of the Hub that were created and have no version yet: clients then miss files, not the
// repository.
import { keepNewest } from "../../../core/kernel.ts";

const MOST_REPOS = 10_000;

export class CreatedRepos {
  static readonly id = "hub.repos";
  readonly #names = new Set<string>();

  /** @param name the name of its first version */
  // deno-lint-ignore require-await -- a process may ask another one
  async add(name: string): Promise<void> {
    this.#names.add(name);
    keepNewest(this.#names, MOST_REPOS);
  }

  // deno-lint-ignore require-await -- a process may ask another one
  async has(name: string): Promise<boolean> {
    return this.#names.has(name);
  }
}
