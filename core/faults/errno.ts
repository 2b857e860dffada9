// The names of system errors: `ENOSPC`, `EDQUOT`.
import { builtinModule, isWindows } from "./runtime.ts";

/** The error of a sync that a file system does not offer. */
export class SyncRefused extends Error {}

let names: ReadonlyMap<number, string> | undefined;

/**
 * Returns the name of a system error, undefined for another error. Deno and Node have no name for
 * some, such as `EDQUOT` and `ESTALE`: their errors have only the number, which the system defines.
 */
export function errorCode(error: unknown): string | undefined {
  const { code, name, errno, message } = (error ?? {}) as Record<string, unknown>;
  if (typeof code === "string" && /^E([A-Z0-9]+|AI_[A-Z]+)$/.test(code)) return code;
  if (name === "Interrupted" && code === undefined) return "EINTR"; // Deno
  const [, ofDeno] = /\(os error (\d+)\)/.exec(typeof message === "string" ? message : "") ?? [];
  const number = ofDeno === undefined ? errno : Number(ofDeno);
  return typeof number === "number" ? nameOf(Math.abs(number)) : undefined;
}

function nameOf(number: number): string | undefined {
  if (isWindows()) return undefined; // its numbers are of another system
  names ??= readNames();
  return names.get(number);
}

function readNames(): ReadonlyMap<number, string> {
  const os = builtinModule<{ constants: { errno: Record<string, number> } }>("node:os");
  const constants = os?.constants.errno ?? {};
  const read = new Map<number, string>();
  for (const [name, number] of Object.entries(constants)) {
    if (!read.has(number)) read.set(number, name);
  }
  return read;
}
