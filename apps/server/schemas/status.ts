// HTTP statuses of errors.
import type { ErrorCode } from "../../../core/errors.ts";

export const STATUS: Readonly<Record<ErrorCode, number>> = {
  Invalid: 400,
  Denied: 403,
  NotFound: 404,
  AlreadyExists: 409,
  Conflict: 409,
  Unsupported: 422,
  Unavailable: 503,
  Unknown: 503,
  Corrupt: 500,
  TaskFailed: 500,
};
