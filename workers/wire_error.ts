// Errors as plain data: `structuredClone` drops the class and the fields of an error.
import { fieldsOf, isRegistryError, messageOf, RegistryError } from "../core/errors.ts";
import type { RegistryErrorFields } from "../core/errors.ts";

/** An error that can cross to another thread. */
export interface WireError {
  name: string;
  message: string;
  stack?: string;
  /** Of an error of the system: what it is called there, as `ENOSPC`. */
  code?: string;
  fields?: Omit<RegistryErrorFields, "cause">;
  cause?: WireError;
}

const MAX_CAUSES = 8;

/** An error as plain data; anything else that was thrown as an error that names it. */
export function toWire(error: unknown, depth = 0): WireError {
  if (!(error instanceof Error)) return { name: "Error", message: messageOf(error) };
  const { name, message, stack, cause } = error;
  const wire: WireError = { name, message, stack };
  if (isRegistryError(error)) {
    const { cause: _, ...fields } = fieldsOf(error);
    wire.fields = fields;
  } else if ("code" in error && typeof error.code === "string") wire.code = error.code;
  if (cause !== undefined && depth < MAX_CAUSES) wire.cause = toWire(cause, depth + 1);
  return wire;
}

/** The error again. */
export function fromWire({ name, message, stack, code, fields, cause }: WireError): Error {
  const options = cause === undefined ? {} : { cause: fromWire(cause) };
  const error = fields === undefined
    ? foreignError({ name, message, code }, options)
    : new RegistryError({ ...fields, ...options });
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** Somebody else's error: its class stays behind, its name and code do not. */
function foreignError({ name, message, code }: WireError, options: ErrorOptions): Error {
  // deno-lint-ignore holdfast/registry-errors -- it was thrown by code that is not ours
  return Object.assign(new Error(message, options), { name }, code === undefined ? {} : { code });
}
