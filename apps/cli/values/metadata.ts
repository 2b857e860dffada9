// Metadata from the command line.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";

/** Reads `key=text` and `key:=json`. */
export function parseEntry(text: string): [key: string, value: unknown] {
  const match = /^([^=:][^=]*?)(:?=)([^]*)$/.exec(text);
  if (match === null) throw invalid(text, "key=value is expected");
  const [, key, sign, value] = match;
  if (sign === "=") return [key, value];
  try {
    return [key, JSON.parse(value)];
  } catch (cause) {
    throw invalid(text, `what stands behind := is not JSON (${(cause as Error).message})`, cause);
  }
}

/** The metadata of a file, and over it those of the entries. */
export async function readMetadata(
  entries: readonly [string, unknown][],
  options: { file?: string; cwd: string },
): Promise<Record<string, unknown> | undefined> {
  const { file, cwd } = options;
  if (file === undefined && entries.length === 0) return undefined;
  const fromFile = file === undefined
    ? {}
    : parseObject(await readFile(resolve(cwd, file), "utf8"), file);
  return { ...fromFile, ...Object.fromEntries(entries) };
}

function parseObject(text: string, file: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw invalid(file, (cause as Error).message, cause);
  }
  throw invalid(file, "not a JSON object");
}

function invalid(what: string, why: string, cause?: unknown): RegistryError {
  return fault({
    code: "Invalid",
    action: "read metadata",
    subject: JSON.stringify(what),
    state: why,
    hint: "Write key=text, or key:=JSON for numbers and more: epochs:=3.",
    cause,
  });
}
