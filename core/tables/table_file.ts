// How formats of tables fail.
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";

/** A file of a table that is damaged, or none. */
export function corruptTable(path: string, state: string, cause?: unknown): RegistryError {
  return fault({
    code: "Corrupt",
    action: "read table",
    subject: shown(path),
    state,
    hint: "Save the table again, or load an older version.",
    cause,
  });
}

/** A file of a table that is written in a way that is not read here, or holds what no table does. */
export function unsupportedTable(
  path: string,
  state: string,
  hint = "Read its bytes instead, or save it in another way.",
): RegistryError {
  return fault({ code: "Unsupported", action: "read table", subject: shown(path), state, hint });
}

/** A table that this format cannot hold as it is. */
export function unwritableTable(format: string, state: string, hint: string): RegistryError {
  return fault({ code: "Unsupported", action: "write", subject: format, state, hint });
}
