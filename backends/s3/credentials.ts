// Credentials from a function, cached until they expire or the store rejects them.
import { denied, invalid, isRegistryError } from "../../core/errors.ts";
import { withDeadline } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";

/** Credentials of an S3 store. */
export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}

interface CredentialOptions {
  system: System;
  /** Milliseconds until the function times out. */
  timeoutMs: number;
}

/** Milliseconds before the expiration at which new credentials are requested. */
const EARLY_MS = 60_000;
/** Minimum interval between requests. */
const PAUSE_MS = 1_000;

interface Asked {
  answer: Promise<S3Credentials>;
  at: number;
}

export class CredentialCache {
  readonly #ask: () => S3Credentials | Promise<S3Credentials>;
  readonly #options: CredentialOptions;
  #known: Asked | undefined;
  #current: S3Credentials | undefined;

  constructor(ask: () => S3Credentials | Promise<S3Credentials>, options: CredentialOptions) {
    this.#ask = ask;
    this.#options = options;
  }

  /** Returns the credentials; concurrent calls share one request. */
  async provide(signal?: AbortSignal): Promise<S3Credentials> {
    const { system } = this.#options;
    const asked = this.#known ?? this.#askNew();
    const credentials = await withDeadline(asked.answer, { signal });
    const endsAt = credentials.expiration?.getTime() ?? Infinity;
    if (endsAt - EARLY_MS > system.now() || system.monotonic() - asked.at < PAUSE_MS) {
      return credentials;
    }
    if (this.#known === asked) this.#askNew(); // else another call did
    return await withDeadline((this.#known ?? this.#askNew()).answer, { signal });
  }

  /** Forgets rejected credentials, unless newer ones replaced them. */
  expire(used: S3Credentials): void {
    if (this.#current === used) this.#known = undefined;
  }

  #askNew(): Asked {
    const { system, timeoutMs } = this.#options;
    const asked: Asked = { answer: askOnce(this.#ask, timeoutMs), at: system.monotonic() };
    this.#known = asked;
    this.#current = undefined;
    asked.answer.then((credentials) => {
      if (this.#known === asked) this.#current = credentials;
    }, () => {
      if (this.#known === asked) this.#known = undefined;
    });
    return asked;
  }
}

async function askOnce(
  ask: () => S3Credentials | Promise<S3Credentials>,
  timeoutMs: number,
): Promise<S3Credentials> {
  try {
    const credentials = await withDeadline(Promise.resolve(ask()), { timeoutMs });
    checkCredentials(credentials);
    return credentials;
  } catch (error) {
    if (isRegistryError(error)) throw error;
    throw denied("sign a request", undefined, "the `credentials` function failed", {
      hint: "Fix the `credentials` function: its error is in `cause`.",
      cause: error,
    });
  }
}

/** Throws `Invalid` for incomplete credentials, without revealing them. */
export function checkCredentials(credentials: S3Credentials): void {
  if (
    typeof credentials?.accessKeyId === "string" && credentials.accessKeyId !== "" &&
    credentials.secretAccessKey
  ) {
    return;
  }
  throw invalid("sign a request", undefined, "the credentials are incomplete", {
    hint: "Pass accessKeyId and secretAccessKey, or omit credentials to let the SDK find them.",
  });
}
