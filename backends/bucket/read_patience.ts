// How long reads of a store wait for bytes. A connection can be lost without a sign, and another one
// answers at once: so the first one of a read has less time. A store that takes longer keeps all of
// it.

/** `aws s3 cp` waits for 60 s, the AWS CRT for 30 s, `huggingface_hub` for 10 s. */
const FIRST_MS = 10_000;

export class ReadPatience {
  /** Milliseconds without progress until a request times out. */
  readonly timeoutMs: number;
  #isSlow = false;

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  /** Milliseconds without progress on the first connection of a read. */
  get firstMs(): number {
    return this.#isSlow ? this.timeoutMs : Math.min(FIRST_MS, this.timeoutMs);
  }

  /** Notes after how long the store has answered over another connection. */
  answered(afterMs: number): void {
    if (afterMs > FIRST_MS) this.#isSlow = true;
  }
}
