// Assertions for calls that must throw.
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { type ErrorCode, RegistryError } from "../../core/errors.ts";

/** Asserts that a call throws a well-formed `RegistryError` with this code, and returns it. */
export function thrown(code: ErrorCode, call: () => unknown): RegistryError {
  const error = assertThrows(call);
  assertInstanceOf(error, RegistryError);
  assertEquals(error.code, code, error.message);
  assert(/^[A-Z].*: \S/s.test(error.message), `not "Action, colon, state": ${error.message}`);
  assert(error.message.length < 400, `${error.message.length} characters are too many`);
  return error;
}
