// Environments of commands. Activation is done here and needs no installed tool.
import { fault } from "../../core/errors.ts";
import type { EnvironmentConfig } from "../contract/pipeline.ts";
import { shellLine } from "../process/shell_words.ts";
import { findConda, findPixi } from "./conda.ts";
import type { Activation, EnvironmentOptions } from "./environment.ts";
import { findUv } from "./uv.ts";

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
    state: `there is none ${where}`,
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
