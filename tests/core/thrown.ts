// What a call that must fail throws.
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { type ErrorCode, RegistryError } from "../../core/errors.ts";

/** Asserts that the call throws a `RegistryError` of this code, worded as the house words them, and returns it. */
export function thrown(code: ErrorCode, call: () => unknown): RegistryError {
  const error = assertThrows(call);
  assertInstanceOf(error, RegistryError);
  assertEquals(error.code, code, error.message);
  assert(/^[A-Z].*: \S/s.test(error.message), `not "Action, colon, state": ${error.message}`);
  assert(
    error.message.length < 400,
    `${error.message.length} characters are too many for a message`,
  );
  return error;
}
