// Environments of commands. Activation is done here and needs no installed tool.
import { stat } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import process from "node:process";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { System } from "../../core/system.ts";
import type { EnvironmentConfig } from "../contract/pipeline.ts";
import { shellLine, shellWord } from "./shell_words.ts";

interface EnvironmentOptions {
  /** Base of relative paths, absolute. */
  root: string;
  /** Variables of the step. They win over those of the environment; its `PATH` is appended. */
  env: Readonly<Record<string, string>>;
  system: Pick<System, "env">;
}

/** On Windows, programs are in `Scripts`, not in `bin`. */
const PROGRAMS = process.platform === "win32" ? "Scripts" : "bin";

/**
 * Returns the variables that run a command in an environment. Installs nothing.
 *
 * @throws {RegistryError} `Unsupported` if the environment does not exist
 */
export async function activate(
  { kind, name }: EnvironmentConfig,
  options: EnvironmentOptions,
): Promise<Record<string, string>> {
  if (kind === "plain") return {};
  const { project, folder, isItself, install } = await findUv(name, options);
  const variable = variablesOf(options);
  if (await isThere(folder, "pyvenv.cfg")) {
    return {
      PATH: [join(folder, PROGRAMS), variable("PATH")].filter(Boolean).join(delimiter),
      VIRTUAL_ENV: folder,
      // A command that calls uv must use this environment, and not change it.
      ...isItself ? {} : { UV_PROJECT: project, UV_PROJECT_ENVIRONMENT: folder },
      UV_NO_SYNC: "1",
      ...variable("PYTHONHOME") === undefined ? {} : { PYTHONHOME: "" }, // as activate does
    };
  }
  throw fault({
    code: "Unsupported",
    action: "run in",
    subject: "the uv environment",
    state: `not found in ${shown(folder)}`,
    hint: install === undefined
      ? `Create it: uv venv ${shellWord(folder)}`
      : `Set install: true in env_config, or create it: ${shellLine(install)}`,
  });
}

/**
 * Returns the command that creates or updates an environment; undefined if `install` is not set.
 *
 * @throws {RegistryError} `Unsupported` without a file that describes its packages
 */
export async function installCommand(
  { kind, name, install: isAsked }: EnvironmentConfig,
  options: EnvironmentOptions,
): Promise<readonly string[] | undefined> {
  if (!isAsked || kind === "plain") return undefined;
  const { project, isItself, install } = await findUv(name, options);
  if (install !== undefined) return install;
  throw fault({
    code: "Unsupported",
    action: "create",
    subject: "the uv environment",
    state: `there is no pyproject.toml in ${shown(isItself ? resolve(project, "..") : project)}`,
    hint: "Add that file, or omit install: true and create the environment yourself.",
  });
}

/**
 * Finds the environment of a project: `.venv` in its folder, or `UV_PROJECT_ENVIRONMENT`. A folder
 * that is a virtual environment itself is used as it is.
 *
 * @param name folder of the project. @default the root
 */
async function findUv(name: string | undefined, options: EnvironmentOptions) {
  const project = resolve(options.root, name ?? ".");
  const isItself = await isThere(project, "pyvenv.cfg");
  const own = variablesOf(options)("UV_PROJECT_ENVIRONMENT") || ".venv";
  const folder = isItself ? project : resolve(project, own);
  const hasProject = await isThere(project, "pyproject.toml");
  const install = hasProject ? ["uv", "sync", "--project", project] : undefined;
  return { project, folder, isItself, install };
}

function variablesOf({ env, system }: EnvironmentOptions) {
  return (name: string): string | undefined => env[name] ?? system.env(name);
}

async function isThere(...path: string[]): Promise<boolean> {
  return await stat(join(...path)).then(() => true, () => false);
}
