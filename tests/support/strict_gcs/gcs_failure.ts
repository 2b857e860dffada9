// Error responses of the strict fake.
/** An error reply. */
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
