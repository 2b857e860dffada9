// Python virtual environments of uv (https://docs.astral.sh/uv/concepts/projects/config).
import { join, resolve } from "node:path";
import { shown } from "../../core/naming/names.ts";
import { shellWord } from "../process/shell_words.ts";
import { isThere, isWindows, pathWith } from "./environment.ts";
import type { EnvironmentOptions, FoundEnvironment } from "./environment.ts";

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
