// Errors as plain data: `structuredClone` drops the class and fields of an error.
import { errorCode } from "../core/faults/errno.ts";
import { fieldsOf, isRegistryError, messageOf, RegistryError } from "../core/errors.ts";
import type { RegistryErrorFields } from "../core/errors.ts";

export interface WireError {
  name: string;
  message: string;
  stack?: string;
  /** The code of a system error, such as `ENOSPC`. */
  code?: string;
  fields?: Omit<RegistryErrorFields, "cause">;
  cause?: WireError;
}

const MAX_CAUSES = 8;

export function toWire(error: unknown, depth = 0): WireError {
  if (!(error instanceof Error)) return { name: "Error", message: messageOf(error) };
  const { name, message, stack, cause } = error;
  const wire: WireError = { name, message, stack };
  if (isRegistryError(error)) {
    const { cause: _, ...fields } = fieldsOf(error);
    wire.fields = fields;
  } else {
    const code = errorCode(error) ?? (error as { code?: unknown }).code;
    if (typeof code === "string") wire.code = code;
  }
  if (cause !== undefined && depth < MAX_CAUSES) wire.cause = toWire(cause, depth + 1);
  return wire;
}

export function fromWire({ name, message, stack, code, fields, cause }: WireError): Error {
  const options = cause === undefined ? {} : { cause: fromWire(cause) };
  const error = fields === undefined
    // deno-lint-ignore holdfast/registry-errors -- an error of other code: its class is lost
    ? Object.assign(new Error(message, options), { name }, code === undefined ? {} : { code })
    : new RegistryError({ ...fields, ...options });
  if (stack !== undefined) error.stack = stack;
  return error;
}
