// Parts of finding and activating an environment, shared by all kinds.
import { stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import process from "node:process";
import type { System } from "../../core/system.ts";

export interface EnvironmentOptions {
  /** Base of relative paths, absolute. */
  root: string;
  /** Variables of the step. They win over those of the environment; its `PATH` is appended. */
  env: Readonly<Record<string, string>>;
  system: Pick<System, "env">;
}

export interface Activation {
  env: Record<string, string>;
  /** Command prefix: a shell that sources activation scripts of packages. */
  before: readonly string[];
}

export interface FoundEnvironment {
  /** For errors: `the uv environment`. */
  what: string;
  /** Undefined if the environment does not exist. */
  activate?(): Activation | Promise<Activation>;
  /** The searched location: `in "/project/.venv"`. */
  where: string;
  /** Command that creates it from a file of the project; undefined without such a file. */
  install?: readonly string[];
  /** Command that creates it without such a file. */
  make: string;
  /** The expected file and its folder: `pyproject.toml in "/project"`. */
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

/** Returns `PATH` with folders of programs first. */
export function pathWith(folders: readonly string[], { env, system }: EnvironmentOptions): string {
  return [...folders, env.PATH ?? system.env("PATH")].filter(Boolean).join(delimiter);
}

/** On Windows, programs are in `Scripts` and its parent, not in `bin`. */
export const isWindows: boolean = process.platform === "win32";
