// How arrays fail: each error names the key that it is about.
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";

/** Stored bytes that are damaged, or were written wrongly. */
export function corruptZarr(key: string, state: string, cause?: unknown): RegistryError {
  return fault({
    code: "Corrupt",
    action: "read zarr",
    subject: shown(key),
    state,
    hint: "Write it again, or restore it.",
    key,
    cause,
  });
}

/** What is written in a way that is not read here, or is larger than is allowed. */
export function unsupportedZarr(key: string, state: string, hint?: string): RegistryError {
  return fault({
    code: "Unsupported",
    action: "use zarr",
    subject: shown(key),
    state,
    hint: hint ?? "Write it in another way with the program that made it.",
    key,
  });
}

export function noZstd(key = ""): RegistryError {
  return unsupportedZarr(
    key,
    "this runtime has no zstd",
    "Deno, Bun and Node from 22.15 have it; else take gzip.",
  );
}

export function invalidZarr(path: string, state: string, hint: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "use zarr",
    subject: path === "" ? "at the root" : shown(path),
    state,
    hint,
    key: path,
  });
}
