// Environments of commands. Activation is done here and needs no installed tool.
import { stat } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import process from "node:process";
import type { System } from "../../mod.ts";
import { shown, unsupported } from "../../core/kernel.ts";
import type { EnvironmentConfig } from "../contract/pipeline.ts";
import { shellWord } from "./shell_words.ts";

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
 * Returns the variables that run a command in an environment: `.venv` in the folder of a project,
 * or `UV_PROJECT_ENVIRONMENT`. A folder that is a virtual environment itself is used as it is.
 * Installs nothing.
 *
 * @param config `name`: the folder of the project. @default the root
 * @throws {RegistryError} `Unsupported` if the environment does not exist
 */
export async function activate(
  { kind, name }: EnvironmentConfig,
  options: EnvironmentOptions,
): Promise<Record<string, string>> {
  if (kind === "plain") return {};
  const { root, env, system } = options;
  const variable = (name: string): string | undefined => env[name] ?? system.env(name);
  const project = resolve(root, name ?? ".");
  const isItself = await isThere(project, "pyvenv.cfg");
  const own = variable("UV_PROJECT_ENVIRONMENT") || ".venv";
  const folder = isItself ? project : resolve(project, own);
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
  const hasProject = await isThere(project, "pyproject.toml");
  throw unsupported("run in", "the uv environment", `not found in ${shown(folder)}`, {
    hint: "Create it: " +
      (hasProject ? `uv sync --project ${shellWord(project)}` : `uv venv ${shellWord(folder)}`),
  });
}

async function isThere(...path: string[]): Promise<boolean> {
  return await stat(join(...path)).then(() => true, () => false);
}
