// Metadata from the command line.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { RegistryError } from "../../../mod.ts";
import { invalid } from "../program/hints.ts";

/** Parses `key=text` and `key:=json`. */
export function parseEntry(text: string): [key: string, value: unknown] {
  const [, key, sign, value = ""] = /^([^=:][^=]*?)(:?=)([^]*)$/.exec(text) ?? [];
  if (key === undefined) throw invalidMetadata(text, "expected key=value");
  if (sign === "=") return [key, value];
  try {
    return [key, JSON.parse(value)];
  } catch (cause) {
    throw invalidMetadata(text, `not JSON after := (${(cause as Error).message})`, cause);
  }
}

/** Reads the metadata of a file and adds the entries. */
export async function readMetadata(
  entries: readonly [string, unknown][],
  { file, cwd }: { file?: string; cwd: string },
): Promise<Record<string, unknown> | undefined> {
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
    throw invalidMetadata(file, (cause as Error).message, cause);
  }
  throw invalidMetadata(file, "not a JSON object");
}

function invalidMetadata(source: string, state: string, cause?: unknown): RegistryError {
  const hint = "Write key=text, or key:=JSON for other values: epochs:=3.";
  return invalid(`read metadata ${JSON.stringify(source)}`, state, hint, cause);
}
