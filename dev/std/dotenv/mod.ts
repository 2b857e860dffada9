/**
 * Stand-in for jsr:@std/dotenv where JSR cannot be reached. The real one also expands `$NAME` and drops keys with `-`;
 * nothing here relies on either.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { parseEnv } from "node:util";

/** Options of {@linkcode load}. */
export interface LoadOptions {
  /** The file, or null to read none. A missing file is an empty one. @default "./.env" */
  envPath?: string | URL | null;
  /** Whether the values also go to the environment, where it does not have them. @default false */
  export?: boolean;
}

/** The values of a `.env` text. */
export function parse(text: string): Record<string, string> {
  return { ...parseEnv(text) } as Record<string, string>;
}

/** The values of a `.env` file. */
export async function load(options: LoadOptions = {}): Promise<Record<string, string>> {
  const { envPath = "./.env", export: toEnvironment = false } = options;
  if (envPath === null || envPath === "") return {};
  const values = parse(await readFile(envPath, "utf8").catch(emptyIfMissing));
  if (toEnvironment) {
    for (const [key, value] of Object.entries(values)) process.env[key] ??= value;
  }
  return values;
}

function emptyIfMissing(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "";
  throw error;
}
