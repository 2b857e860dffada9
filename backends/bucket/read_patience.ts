// How long reads of a store wait for bytes. A connection can be lost without a sign, and another one
// answers at once: so the first one of a read has less time. A store that takes longer keeps all of
// it.
import { SILENT_MS } from "../../core/retry.ts";

export class ReadPatience {
  /** Milliseconds without progress until a request times out. */
  readonly timeoutMs: number;
  #isSlow = false;

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  /** Milliseconds without progress on the first connection of a read. */
  get firstMs(): number {
    return this.#isSlow ? this.timeoutMs : Math.min(SILENT_MS, this.timeoutMs);
  }

  /** Notes after how long the store has answered over another connection. */
  answered(afterMs: number): void {
    if (afterMs > SILENT_MS) this.#isSlow = true;
  }
}
