// Errors of formats, the same for every kind of file.
import { corrupt, fault, type RegistryError } from "../../core/errors.ts";
import { LimitExceeded } from "../../core/file_store.ts";
import { shown } from "../../core/naming/names.ts";

export type FileFault = (path: string, state: string, cause?: unknown) => RegistryError;
export type UnsupportedFile = (path: string, state: string, hint?: string) => RegistryError;

/** Makes the error of a damaged file; `what` is its kind. */
export function corruptFile(
  kind: string,
  hint = `Save the ${kind} again, or load an older version.`,
): FileFault {
  return (path, state, cause) => corrupt(`read ${kind}`, shown(path), state, { hint, cause });
}

/** Makes the error of a file that uses an unsupported feature or exceeds a limit. */
export function unsupportedFile(
  kind: string,
  usualHint = "Read its bytes instead, or save it in another way.",
): UnsupportedFile {
  return (path, state, hint = usualHint) =>
    fault({ code: "Unsupported", action: `read ${kind}`, subject: shown(path), state, hint });
}

/** Makes the error of a value that a format cannot represent exactly. */
export function unwritable(format: string, state: string, hint: string): RegistryError {
  return fault({ code: "Unsupported", action: "write", subject: format, state, hint });
}

export const corruptTable: FileFault = corruptFile("table");
export const unsupportedTable: UnsupportedFile = unsupportedFile("table");

/** Makes the error of a part of a table that is larger than allowed. */
export function tooLargeTable(
  path: string,
  { part, bytes, most }: { part: string; bytes: number; most: number },
): RegistryError {
  const state = `${part} has ${bytes} bytes, ${most} are allowed`;
  const { action, subject, hint } = unsupportedTable(path, state);
  const cause = new LimitExceeded(state);
  return fault({ code: "Unsupported", action: action!, subject, state, hint, cause });
}
