// Reads of one file in several requests, at addresses that may come to mean another file.
import { keepNewest } from "../../../core/work/keep_newest.ts";
import type { System } from "../../../core/system.ts";

/** How long a program may pause between two requests of one read, milliseconds. */
const KEEP_MS = 600_000;
/** Maximum number of addresses that are remembered. */
const MOST_KNOWN = 10_000;

/** A request for a file or a part of it, without a condition. */
export interface BegunRead {
  token: string | undefined;
  /** The path of the URL. */
  at: string;
  /** The file that it means now. */
  sha256: string;
  /** The answer has the whole file, or none of its bytes. */
  isWhole: boolean;
}

/** The last file that a token read at an address. */
interface LastRead {
  sha256: string;
  until: number;
  /** When no program can go on with another file that the address meant before. */
  othersUntil: number;
}

/**
 * Which file each token reads at the address of an alias, a range or `latest`. A program that reads
 * on by ranges would otherwise join bytes of two versions without notice. Programs that share a
 * token look the same: while one of them may still read the file of before, no range is answered.
 */
export class BegunReads {
  readonly #system: Pick<System, "monotonic">;
  readonly #last = new Map<string, LastRead>();

  constructor(system: Pick<System, "monotonic">) {
    this.#system = system;
  }

  /** Notes a request. Returns false if its bytes could be joined with those of another file. */
  // deno-lint-ignore require-await -- a process may ask another one
  async goesOn({ token, at, sha256, isWhole }: BegunRead): Promise<boolean> {
    const key = JSON.stringify([token, at]);
    const now = this.#system.monotonic();
    const last = this.#last.get(key);
    const { othersUntil = 0, until = 0 } = last ?? {};
    const isOther = last !== undefined && last.sha256 !== sha256;
    const bound = isOther ? Math.max(othersUntil, until) : othersUntil;
    if (now < bound && !isWhole) return false;
    this.#last.delete(key); // to the end
    this.#last.set(key, { sha256, until: now + KEEP_MS, othersUntil: bound });
    keepNewest(this.#last, MOST_KNOWN);
    return true;
  }
}
