// Errors of queue servers.
import { messageOf } from "../../../core/kernel.ts";

/** Codes of PostgreSQL and answers of Redis for missing permissions. */
const REFUSED = /^(28000|28P01|42501)$|^(NOAUTH|WRONGPASS|NOPERM)\b/;

export function isRefused(error: unknown): boolean {
  const { code = "" } = error as { code?: string };
  return REFUSED.test(code) || REFUSED.test(messageOf(error));
}

/** Removes the command from an error of Redis: its arguments contain passwords and stored data. */
export function withoutCommand(error: unknown): unknown {
  if (error instanceof Error) Reflect.deleteProperty(error, "command");
  return error;
}
