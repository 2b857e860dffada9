// Errors of arrays; each names its key.
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";

/** Makes the error of damaged bytes. */
export function corrupt(key: string, state: string, cause?: unknown): RegistryError {
  const hint = "Write it again, or restore it.";
  return fault({
    code: "Corrupt",
    action: "read zarr",
    subject: shown(key),
    state,
    hint,
    key,
    cause,
  });
}

export function unsupported(
  key: string,
  state: string,
  hint = "Write it in another way with the program that made it.",
): RegistryError {
  return fault({ code: "Unsupported", action: "use zarr", subject: shown(key), state, hint, key });
}

export function noZstd(key = ""): RegistryError {
  const hint = "Use Deno, Bun or Node from 22.15, or write gzip.";
  return unsupported(key, "this runtime has no zstd", hint);
}

export function invalid(path: string, state: string, hint: string): RegistryError {
  const subject = path === "" ? "at the root" : shown(path);
  return fault({ code: "Invalid", action: "use zarr", subject, state, hint, key: path });
}
