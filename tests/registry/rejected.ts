// Assertions on failing promises.
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { type ErrorCode, RegistryError } from "../../core/errors.ts";

/** Asserts that a promise fails with a `RegistryError` of this code, in the right form. */
export async function rejected(code: ErrorCode, promise: Promise<unknown>): Promise<RegistryError> {
  const error = await assertRejects(() => promise);
  assertInstanceOf(error, RegistryError, String((error as Error)?.stack ?? error));
  assertEquals(error.code, code, `${error.message}\n${error.stack}`);
  checkWording(error);
  return error;
}

/** Asserts that an error has an action, a state and a hint. */
export function checkWording(error: RegistryError): void {
  assert(/^[A-Z].*: \S/s.test(error.message), `not "Action, colon, state": ${error.message}`);
  assert(!error.message.endsWith("."), `a full stop at its end: ${error.message}`);
  assert(
    error.message.length < 500,
    `${error.message.length} characters are too many for a message`,
  );
  assert(error.hint !== undefined && error.hint.length > 8, `no hint beside: ${error.message}`);
}

/** All of what an asynchronous iterable gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  return await Array.fromAsync(items);
}
