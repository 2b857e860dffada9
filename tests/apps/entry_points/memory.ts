// Times and commits of a case, which only its run knows.
import { realSystem } from "../../../core/system.ts";
import type { Step } from "./cases.ts";
import type { Location } from "./entry_point.ts";

export class Memory {
  readonly #at: Location;
  readonly #times = new Map<unknown, string>();
  readonly #commits = new Map<unknown, string>();

  constructor(at: Location) {
    this.#at = at;
  }

  /** Keeps the time after a step, and the commit of the latest version that it saved. */
  async add({ remember, operation, given }: Step): Promise<void> {
    if (remember === undefined) return;
    const now = realSystem.now();
    this.#times.set(remember, new Date(now).toISOString());
    if (operation === "save") {
      const { name } = given as { name: string };
      const { commit } = await this.#at.use((registry) => registry.info(name));
      this.#commits.set(remember, commit);
    }
    while (realSystem.now() === now); // the next step has another time
  }

  /** Puts times and commits in place of what is remembered. */
  filled(step: Step): Step {
    const { asOf, ifCommit } = step.given;
    const given = {
      ...step.given,
      ...this.#times.has(asOf) && { asOf: this.#times.get(asOf) },
      ...this.#commits.has(ifCommit) && { ifCommit: this.#commits.get(ifCommit) },
    };
    return { ...step, given };
  }
}
