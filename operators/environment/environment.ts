// What is known of an environment that commands run in, whatever made it.
import { stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import process from "node:process";
import type { System } from "../../core/system.ts";

export interface EnvironmentOptions {
  /** The folder that relative paths begin at, absolute. */
  root: string;
  /** Variables of the step, which are not replaced; its `PATH` is put after that of the environment. */
  env: Readonly<Record<string, string>>;
  system: Pick<System, "env">;
}

export interface Activation {
  env: Record<string, string>;
  /** What stands before the program: scripts of packages that are to be read by a shell. */
  before: readonly string[];
}

export interface FoundEnvironment {
  /** For errors: `an environment of uv`. */
  what: string;
  /** Undefined where the environment is not there. */
  activate?(): Activation | Promise<Activation>;
  /** Where it was looked for: `in "/project/.venv"`. */
  where: string;
  /** The command that makes it of what a file of the project says; undefined without such a file. */
  install?: readonly string[];
  /** What to do without such a file. */
  make: string;
  /** Which file that would be, and where: `pyproject.toml in "/project"`. */
  file: string;
}

export async function isThere(...path: string[]): Promise<boolean> {
  return await stat(join(...path)).then(() => true, () => false);
}

export async function firstOf(
  folder: string,
  names: readonly string[],
): Promise<string | undefined> {
  for (const name of names) {
    if (await isThere(folder, name)) return join(folder, name);
  }
}

/** `PATH` with folders of programs before all others. */
export function pathWith(folders: readonly string[], { env, system }: EnvironmentOptions): string {
  return [...folders, env.PATH ?? system.env("PATH")].filter(Boolean).join(delimiter);
}

/** Whether programs are in `Scripts` and beside it, not in `bin`. */
export const isWindows: boolean = process.platform === "win32";
