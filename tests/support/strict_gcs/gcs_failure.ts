// What the strict fake answers where it does not do what it was asked.
/** A reply that is no success. */
export class GcsFailure extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }

  body(): string {
    const { status: code, reason, message } = this;
    return JSON.stringify({
      error: { code, message, errors: [{ message, domain: "global", reason }] },
    });
  }
}
