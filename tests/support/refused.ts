// Returns the error of a call that must be refused.
import { assert, assertMatch, assertRejects } from "@std/assert";
import { type ErrorCode, isRegistryError, type RegistryError } from "../../core/errors.ts";

/** Asserts that a call, or a promise, fails with this code, and that its message and hint say this. Returns the error. */
export async function refused(
  code: ErrorCode,
  what: PromiseLike<unknown> | (() => unknown),
  said = /(?:)/,
): Promise<RegistryError> {
  const error = await assertRejects(async () => await (typeof what === "function" ? what() : what));
  assert(isRegistryError(error, code), String(error));
  assertMatch(`${error.message} # ${error.hint}`, said);
  return error;
}
