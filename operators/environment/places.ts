// Places of environments on a disk.
import { stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { EnvironmentOptions } from "./activation.ts";

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
  const rest = env.PATH ?? system.env("PATH");
  return [...folders, ...rest === undefined || rest === "" ? [] : [rest]].join(delimiter);
}

/** Whether programs are in `Scripts` and beside it, not in `bin`. */
export const isWindows: boolean = process.platform === "win32";

export interface MissingEnvironment {
  state: string;
  make: string;
  /** Whether `install: true` would make it. */
  installs: boolean;
}

export function missingEnvironment(
  what: string,
  { state, make, installs }: MissingEnvironment,
): RegistryError {
  const install = installs
    ? "Write install: true into env_config, and it is made before the step runs. Or make it: "
    : "";
  return fault({
    code: "Unsupported",
    action: "run in",
    subject: what,
    state: `there is none ${state}`,
    hint: `${install || "Make it: "}${make}`,
  });
}

export function nothingToInstall(
  what: string,
  { at, files }: { at: string; files: string },
): RegistryError {
  return fault({
    code: "Unsupported",
    action: "make",
    subject: what,
    state: `there is no ${files} in ${shown(at)}`,
    hint:
      `Write one that says what is to be in it, or leave out install: true and make the environment yourself.`,
  });
}
