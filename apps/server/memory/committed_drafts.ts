// Which token committed a draft, so that its repeat after a lost answer gets the result again.
import { keepNewest } from "../../../core/work/keep_newest.ts";

/** More are forgotten, the oldest first. */
const MOST = 2000;

/** A draft or a run that a token has committed. */
export interface CommittedDraft {
  kind: "draft" | "run";
  name: string;
  id: string;
  token: string | undefined;
}

/** The drafts that were committed lately, and by which token. */
export class CommittedDrafts {
  readonly #tokens = new Map<string, string | undefined>();

  // deno-lint-ignore require-await -- a process may ask another one
  async add({ token, ...draft }: CommittedDraft): Promise<void> {
    const key = keyOf(draft);
    this.#tokens.delete(key);
    this.#tokens.set(key, token);
    keepNewest(this.#tokens, MOST);
  }

  // deno-lint-ignore require-await -- a process may ask another one
  async isBy({ token, ...draft }: CommittedDraft): Promise<boolean> {
    const key = keyOf(draft);
    return this.#tokens.has(key) && this.#tokens.get(key) === token;
  }
}

function keyOf({ kind, name, id }: Omit<CommittedDraft, "token">): string {
  return JSON.stringify([kind, name, id]);
}
