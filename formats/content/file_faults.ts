// Errors of formats, the same for every kind of file.
import { corrupt, fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";

export type FileFault = (path: string, state: string, cause?: unknown) => RegistryError;
export type UnsupportedFile = (
  path: string,
  state: string,
  hint?: string,
  cause?: unknown,
) => RegistryError;

/** Makes the error of a damaged file; `what` is its kind. */
export function corruptFile(
  what: string,
  hint = `Save the ${what} again, or load an older version.`,
): FileFault {
  return (path, state, cause) => corrupt(`read ${what}`, shown(path), state, { hint, cause });
}

/** Makes the error of a file that uses an unsupported feature or exceeds a limit. */
export function unsupportedFile(
  what: string,
  usualHint = "Read its bytes instead, or save it in another way.",
): UnsupportedFile {
  const action = `read ${what}`;
  return (path, state, hint = usualHint, cause) =>
    fault({ code: "Unsupported", action, subject: shown(path), state, hint, cause });
}

/** Makes the error of something in a file that is larger than allowed, with a `RangeError`. */
export function tooLarge(
  unsupported: UnsupportedFile,
  path: string,
  { what, bytes, most }: { what: string; bytes: number; most: number },
): RegistryError {
  const state = `${what} has ${bytes} bytes, ${most} are allowed`;
  return unsupported(path, state, undefined, new RangeError(state));
}

/** Makes the error of a value that a format cannot represent exactly. */
export function unwritable(format: string, state: string, hint: string): RegistryError {
  return fault({ code: "Unsupported", action: "write", subject: format, state, hint });
}

export const corruptTable: FileFault = corruptFile("table");
export const unsupportedTable: UnsupportedFile = unsupportedFile("table");
