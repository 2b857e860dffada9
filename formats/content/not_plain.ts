// The error of text formats for values that they cannot represent.
import { type RegistryError, unsupported } from "../../core/errors.ts";

/** Returns the error of a value that a text format cannot represent. */
export function notPlain(
  format: string,
  state: string,
  hint = "Convert it to plain data first: a save never alters values.",
): RegistryError {
  return unsupported("save as", format, state, { hint });
}
