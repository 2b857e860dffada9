// What the strict fake answers where it does not do what it was asked.
/** A reply that is no success. */
export class GcsFailure extends Error {
  /** The status code. */
  readonly status: number;
  /** The machine-readable reason. */
  readonly reason: string;

  /** Makes one. */
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }

  /** The body, as the JSON API has it. */
  body(): string {
    const { status: code, reason, message } = this;
    return JSON.stringify({
      error: { code, message, errors: [{ message, domain: "global", reason }] },
    });
  }
}
