// Assertions for promises that must reject.
import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { type ErrorCode, RegistryError } from "../../core/errors.ts";

/** Asserts that a promise rejects with a well-formed `RegistryError`; `pattern` is for message and hint. */
export async function rejected(
  code: ErrorCode,
  promise: Promise<unknown>,
  pattern?: RegExp,
): Promise<RegistryError> {
  const error = await assertRejects(() => promise);
  assertInstanceOf(error, RegistryError, String((error as Error)?.stack ?? error));
  assertEquals(error.code, code, `${error.message}\n${error.stack}`);
  checkWording(error);
  if (pattern !== undefined) assertMatch(`${error.message}\n${error.hint}`, pattern);
  return error;
}

/** Asserts that an error has a well-formed message and a hint. */
export function checkWording(error: RegistryError): void {
  assert(/^[A-Z].*: \S/s.test(error.message), `not "Action, colon, state": ${error.message}`);
  assert(!error.message.endsWith("."), `a full stop at its end: ${error.message}`);
  assert(error.message.length < 500, `${error.message.length} characters are too many`);
  assert(error.hint !== undefined && error.hint.length > 8, `no hint beside: ${error.message}`);
}

/** Collects an async iterable. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  return await Array.fromAsync(items);
}
