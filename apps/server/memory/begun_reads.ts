// Reads of one file in several requests, at addresses that may come to mean another file.
import { keepNewest } from "../../../core/work/keep_newest.ts";
import type { System } from "../../../core/system.ts";

/** How long a read is remembered after its last request, milliseconds. */
const KEEP_MS = 600_000;
/** Maximum number of reads that are remembered. */
const MOST_KNOWN = 10_000;

/** A request for a part of a file. */
export interface BegunRead {
  token: string | undefined;
  /** The path of the URL. */
  at: string;
  /** The file that it means now. */
  sha256: string;
  /** The request may be the first of several. */
  isFirst: boolean;
}

/**
 * Which file each token has begun to read at the address of an alias, a range or `latest`. A client
 * that reads on by ranges would otherwise join bytes of two versions without notice.
 */
export class BegunReads {
  readonly #system: Pick<System, "monotonic">;
  readonly #begun = new Map<string, { sha256: string; until: number }>();

  constructor(system: Pick<System, "monotonic">) {
    this.#system = system;
  }

  /** Notes a request. Returns false if it reads on, but in another file than the last one. */
  // deno-lint-ignore require-await -- a process may ask another one
  async goesOn({ token, at, sha256, isFirst }: BegunRead): Promise<boolean> {
    const key = JSON.stringify([token, at]);
    const now = this.#system.monotonic();
    const begun = this.#begun.get(key);
    this.#begun.delete(key);
    const isMoved = begun !== undefined && begun.sha256 !== sha256 && now < begun.until;
    if (isMoved && !isFirst) return false;
    this.#begun.set(key, { sha256, until: now + KEEP_MS });
    keepNewest(this.#begun, MOST_KNOWN);
    return true;
  }
}
