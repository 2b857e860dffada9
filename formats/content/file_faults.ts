// How formats of files fail, in the same way for every kind of file.
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";

export type FileFault = (path: string, state: string, cause?: unknown) => RegistryError;
export type UnsupportedFile = (path: string, state: string, hint?: string) => RegistryError;

/** Makes the error of a file that is damaged, or none of its kind. */
export function corruptFile(what: string): FileFault {
  return (path, state, cause) => {
    const hint = `Save the ${what} again, or load an older version.`;
    return fault({
      code: "Corrupt",
      action: `read ${what}`,
      subject: shown(path),
      state,
      hint,
      cause,
    });
  };
}

/** Makes the error of a file that is written in a way that is not read here, or larger than is allowed. */
export function unsupportedFile(what: string): UnsupportedFile {
  return (path, state, hint = "Read its bytes instead, or save it in another way.") =>
    fault({ code: "Unsupported", action: `read ${what}`, subject: shown(path), state, hint });
}

/** The error of a value that a format cannot hold as it is. */
export function unwritable(format: string, state: string, hint: string): RegistryError {
  return fault({ code: "Unsupported", action: "write", subject: format, state, hint });
}
