// Environments that commands run in: what activating one does, done here, so that nobody's tool is
// needed for it.
import { fault } from "../../core/errors.ts";
import type { EnvironmentConfig } from "../contract/pipeline.ts";
import { shellLine } from "../process/shell_words.ts";
import { findConda, findPixi } from "./conda.ts";
import type { Activation, EnvironmentOptions } from "./environment.ts";
import { findUv } from "./uv.ts";

const FIND = { uv: findUv, pixi: findPixi, conda: findConda };

/**
 * What makes a command run in an environment. Nothing is installed.
 *
 * @throws {RegistryError} `Unsupported` where it is not there, with the command that makes it
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
      ? `Make it: ${make}`
      : "Write install: true into env_config, and it is made before the step runs. " +
        `Or make it: ${shellLine(install)}`,
  });
}

/**
 * The command that makes an environment, or brings it up to date; undefined where nothing is to be done.
 *
 * @throws {RegistryError} `Unsupported` where nothing says what is to be in it
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
    action: "make",
    subject: what,
    state: `there is no ${file}`,
    hint:
      "Write one that says what is to be in it, or leave out install: true and make the environment yourself.",
  });
}
