// Environments of commands. Activation is done here and needs no installed tool.
import { fault } from "../../core/errors.ts";
import type { EnvironmentConfig } from "../contract/pipeline.ts";
import { shellLine, shellWord } from "../process/shell_words.ts";
import { findConda, findPixi } from "./conda.ts";
import { isThere, isWindows, pathWith } from "./environment.ts";
import type { Activation, EnvironmentOptions, FoundEnvironment } from "./environment.ts";
import { join, resolve } from "node:path";
import { shown } from "../../core/naming/names.ts";

const FIND = { uv: findUv, pixi: findPixi, conda: findConda };

/**
 * Returns the variables and prefix that run a command in an environment. Installs nothing.
 *
 * @throws {RegistryError} `Unsupported` if the environment does not exist
 */
export async function activate(
  { kind, name }: EnvironmentConfig,
  options: EnvironmentOptions,
): Promise<Activation> {
  if (kind === "plain") return { env: {}, before: [] };
  const { activate, install, what, where, make } = await FIND[kind](name, options);
  if (activate !== undefined) return await activate();
  throw fault({
    code: "Unsupported",
    action: "run in",
    subject: what,
    state: `not found ${where}`,
    hint: install === undefined
      ? `Create it: ${make}`
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
  const { install, what, file } = await FIND[kind](name, options);
  if (install !== undefined) return install;
  throw fault({
    code: "Unsupported",
    action: "create",
    subject: what,
    state: `there is no ${file}`,
    hint: "Add that file, or omit install: true and create the environment yourself.",
  });
}

/**
 * Finds the environment of a project: `.venv` in its folder, or `UV_PROJECT_ENVIRONMENT`. A folder
 * that is a virtual environment itself is used as it is.
 *
 * @param name folder of the project. @default the root
 */
export async function findUv(
  name: string | undefined,
  options: EnvironmentOptions,
): Promise<FoundEnvironment> {
  const { root, env, system } = options;
  const variable = (key: string) => env[key] ?? system.env(key);
  const project = resolve(root, name ?? ".");
  const isItself = await isThere(project, "pyvenv.cfg");
  const environment = isItself
    ? project
    : resolve(project, variable("UV_PROJECT_ENVIRONMENT") || ".venv");
  const hasProject = await isThere(project, "pyproject.toml");
  const activate = () => ({
    env: {
      PATH: pathWith([join(environment, isWindows ? "Scripts" : "bin")], options),
      VIRTUAL_ENV: environment,
      // A command that calls uv must use this environment, and not change it.
      ...isItself ? {} : { UV_PROJECT: project, UV_PROJECT_ENVIRONMENT: environment },
      UV_NO_SYNC: "1",
      ...variable("PYTHONHOME") === undefined ? {} : { PYTHONHOME: "" }, // as activate does
    },
    before: [],
  });
  return {
    what: "the uv environment",
    where: `in ${shown(environment)}`,
    make: `uv venv ${shellWord(environment)}`,
    file: `pyproject.toml in ${shown(isItself ? resolve(project, "..") : project)}`,
    ...await isThere(environment, "pyvenv.cfg") && { activate },
    ...hasProject && { install: ["uv", "sync", "--project", project] },
  };
}
