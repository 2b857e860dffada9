// Credentials from a function: kept until they say that they expired, or the store says so.
import { fault, isRegistryError } from "../../core/errors.ts";
import { withDeadline } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";

/** What requests are signed with. */
export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}

export interface CredentialOptions {
  system: System;
  /** How long asking may take, milliseconds. */
  timeoutMs: number;
}

/** New ones are asked for so long before the old ones end, */
const EARLY_MS = 60_000;
/** but not more often than this. */
const PAUSE_MS = 1_000;

interface Asked {
  answer: Promise<S3Credentials>;
  at: number;
}

/** Keeps what a function gives. */
export class CredentialCache {
  readonly #ask: () => S3Credentials | Promise<S3Credentials>;
  readonly #options: CredentialOptions;
  #known: Asked | undefined;
  #current: S3Credentials | undefined;

  constructor(ask: () => S3Credentials | Promise<S3Credentials>, options: CredentialOptions) {
    this.#ask = ask;
    this.#options = options;
  }

  /** The credentials; callers at the same time wait for one answer. */
  async provide(signal?: AbortSignal): Promise<S3Credentials> {
    const { system } = this.#options;
    const asked = this.#known ?? this.#askNew();
    const given = await withDeadline(asked.answer, { signal });
    const endsAt = given.expiration?.getTime() ?? Infinity;
    if (endsAt - EARLY_MS > system.now() || system.monotonic() - asked.at < PAUSE_MS) return given;
    if (this.#known === asked) this.#askNew(); // else somebody has done it
    return await withDeadline((this.#known ?? this.#askNew()).answer, { signal });
  }

  /** Forgets these, of which the store says that they expired; newer ones stay. */
  expire(used: S3Credentials): void {
    if (this.#current === used) this.#known = undefined;
  }

  #askNew(): Asked {
    const { system, timeoutMs } = this.#options;
    const asked: Asked = { answer: askOnce(this.#ask, timeoutMs), at: system.monotonic() };
    this.#known = asked;
    this.#current = undefined;
    asked.answer.then((given) => {
      if (this.#known === asked) this.#current = given;
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
    const given = await withDeadline(Promise.resolve(ask()), { timeoutMs });
    checkCredentials(given);
    return given;
  } catch (error) {
    if (isRegistryError(error)) throw error;
    throw fault({
      code: "Denied",
      action: "sign a request",
      state: "the credentials function failed",
      hint: "Mend the function given as credentials; the cause is what it threw.",
      cause: error,
    });
  }
}

/** Throws `Invalid` where something is missing. Says nothing of what is there. */
export function checkCredentials(given: S3Credentials): void {
  if (typeof given?.accessKeyId === "string" && given.accessKeyId !== "" && given.secretAccessKey) {
    return;
  }
  throw fault({
    code: "Invalid",
    action: "sign a request",
    state: "the credentials are incomplete",
    hint:
      "Give accessKeyId and secretAccessKey, or leave credentials out to use the SDK's own sources.",
  });
}
