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

export interface CredentialCache {
  /** The credentials; callers at the same time wait for one answer. */
  provide(signal?: AbortSignal): Promise<S3Credentials>;
  /** Forgets these, of which the store says that they expired; newer ones stay. */
  expire(used: S3Credentials): void;
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

/** Keeps what `ask` gives. */
export function createCredentialCache(
  ask: () => S3Credentials | Promise<S3Credentials>,
  { system, timeoutMs }: CredentialOptions,
): CredentialCache {
  let known: Asked | undefined;
  let current: S3Credentials | undefined;
  const askNew = (): Asked => {
    const asked: Asked = { answer: askOnce(ask, timeoutMs), at: system.monotonic() };
    known = asked;
    current = undefined;
    asked.answer.then((given) => {
      if (known === asked) current = given;
    }, () => {
      if (known === asked) known = undefined;
    });
    return asked;
  };
  return {
    async provide(signal) {
      const asked = known ?? askNew();
      const given = await withDeadline(asked.answer, { signal });
      const endsAt = given.expiration?.getTime() ?? Infinity;
      if (endsAt - EARLY_MS > system.now() || system.monotonic() - asked.at < PAUSE_MS) {
        return given;
      }
      if (known === asked) askNew(); // else somebody has done it
      return await withDeadline((known ?? askNew()).answer, { signal });
    },
    expire(used) {
      if (current === used) known = undefined;
    },
  };
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
