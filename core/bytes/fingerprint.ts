// Identifies what was listed of a name, so that a later run sees whether it changed.
import type { ObjectInfo } from "../backend.ts";
import { createSha256 } from "./digest.ts";

/** Options of a fingerprint. */
export interface FingerprintOptions {
  /** Other facts on which a note of the listing depends. @default none */
  salt?: string;
  /** A folder whose objects do not count. @default none */
  without?: string;
}

/** The digest of the keys, sizes, times and tags of a listing. Equal listings have the same. */
export class Fingerprint {
  readonly #hash = createSha256();
  readonly #without?: string;
  /** The time of its newest object, milliseconds by the store's clock. */
  newestAt = 0;

  constructor({ salt, without }: FingerprintOptions = {}) {
    this.#without = without;
    if (salt !== undefined) this.#hash.update(`${salt}\n`);
  }

  /** Returns the digest of a whole listing. */
  static of(entries: readonly ObjectInfo[], options?: FingerprintOptions): string {
    const fingerprint = new Fingerprint(options);
    for (const entry of entries) fingerprint.add(entry);
    return fingerprint.digest();
  }

  /** Adds an object, in the order of keys. */
  add({ key, size, modifiedAt, etag }: ObjectInfo): void {
    if (this.#without !== undefined && key.startsWith(this.#without)) return;
    this.#hash.update(`${JSON.stringify([key, size, modifiedAt, etag])}\n`);
    this.newestAt = Math.max(this.newestAt, modifiedAt);
  }

  /** Returns 128 bits as hexadecimal digits. Do not call `add` afterwards. */
  digest(): string {
    return this.#hash.digest().slice(0, 32);
  }
}
