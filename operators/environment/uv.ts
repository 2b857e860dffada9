// Virtual environments of Python, as uv makes them
// (https://docs.astral.sh/uv/concepts/projects/config).
import { join, resolve } from "node:path";
import { shown } from "../../core/naming/names.ts";
import { shellWord } from "../process/shell_words.ts";
import type { Activation, EnvironmentOptions } from "./activation.ts";
import { isThere, isWindows, missingEnvironment, nothingToInstall, pathWith } from "./places.ts";

/**
 * Activates the environment of a project, `.venv` in its folder or what `UV_PROJECT_ENVIRONMENT` says; a name that is
 * itself the folder of a virtual environment is that one.
 *
 * @param name the folder of the project. @default the root
 */
export async function activateUv(
  name: string | undefined,
  options: EnvironmentOptions,
): Promise<Activation> {
  const { project, environment } = await placesOf(name, options);
  if (!await isThere(environment, "pyvenv.cfg")) {
    const installs = await isThere(project, "pyproject.toml");
    const make = installs
      ? `uv sync --project ${shellWord(project)}`
      : `uv venv ${shellWord(environment)}`;
    throw missingEnvironment("an environment of uv", {
      state: `in ${shown(environment)}`,
      make,
      installs,
    });
  }
  const programs = join(environment, isWindows ? "Scripts" : "bin");
  const { env, system } = options;
  return {
    env: {
      PATH: pathWith([programs], options),
      VIRTUAL_ENV: environment,
      // A command that calls uv itself is to use this environment, and to leave it as it is.
      ...project === environment
        ? {}
        : { UV_PROJECT: project, UV_PROJECT_ENVIRONMENT: environment },
      UV_NO_SYNC: "1",
      ...(env.PYTHONHOME ?? system.env("PYTHONHOME")) === undefined ? {} : { PYTHONHOME: "" }, // as activate does
    },
    before: [],
  };
}

/** `uv sync`, which makes an environment of what the project says. */
export async function installUv(
  name: string | undefined,
  options: EnvironmentOptions,
): Promise<readonly string[]> {
  const { project, environment } = await placesOf(name, options);
  if (await isThere(project, "pyproject.toml")) return ["uv", "sync", "--project", project];
  throw nothingToInstall("an environment of uv", {
    at: project === environment ? resolve(project, "..") : project,
    files: "pyproject.toml",
  });
}

async function placesOf(
  name: string | undefined,
  { root, env, system }: EnvironmentOptions,
): Promise<{ project: string; environment: string }> {
  const project = resolve(root, name ?? ".");
  if (await isThere(project, "pyvenv.cfg")) return { project, environment: project };
  const own = env.UV_PROJECT_ENVIRONMENT ?? system.env("UV_PROJECT_ENVIRONMENT");
  return {
    project,
    environment: resolve(project, own === undefined || own === "" ? ".venv" : own),
  };
}
