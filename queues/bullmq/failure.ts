// What a queue on a server throws.
import { fault, isRegistryError, messageOf, type RegistryError } from "../../core/errors.ts";
import type { BullmqStore } from "./store.ts";

/** Codes of PostgreSQL for who may not connect, and answers of Redis for the same. */
const REFUSED = /^(28000|28P01|42501)$|^(NOAUTH|WRONGPASS|NOPERM)\b/;

/** What the caller is told of a failure: what was to be done, and why it was not. */
export function failure(
  what: string,
  { kind, location, lastFailure }: BullmqStore,
  cause: unknown,
): RegistryError {
  if (isRegistryError(cause)) return cause;
  const timedOut = cause instanceof Error && cause.name === "TimeoutError";
  const error = timedOut ? lastFailure() ?? cause : cause;
  const { code = "" } = error as { code?: string };
  const refused = REFUSED.test(code) || REFUSED.test(messageOf(error));
  const state = messageOf(error) || code || "it does not answer";
  return fault({
    code: refused ? "Denied" : "Unavailable",
    action: what,
    subject: `the queue at ${location}`,
    state: state.replace(/[.\s]+$/, ""),
    hint: refused
      ? "Check user and password in its URL."
      : `Check that ${
        kind === "redis" ? "Redis" : "PostgreSQL"
      } runs there, and try again: jobs that it has are not lost.`,
    cause: withoutCommand(error),
  });
}

/** Answers of Redis carry the command that they answer, with its arguments: passwords, and data of jobs. */
function withoutCommand(error: unknown): unknown {
  if (error instanceof Error) Reflect.deleteProperty(error, "command");
  return error;
}
