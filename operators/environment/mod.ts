// Environments that commands run in: what activating one does, done here, so that nobody's tool is
// needed for it.
import type { EnvironmentConfig } from "../../core/pipelines/pipeline.ts";
import type { Activation, EnvironmentOptions } from "./activation.ts";
import { activateConda, installConda } from "./conda.ts";
import { activatePixi, installPixi } from "./pixi.ts";
import { activateUv, installUv } from "./uv.ts";

/**
 * What makes a command run in an environment. Nothing is installed.
 *
 * @throws {RegistryError} `Unsupported` where it is not there, with the command that makes it
 */
export async function activate(
  environment: EnvironmentConfig,
  options: EnvironmentOptions,
): Promise<Activation> {
  const { kind, name } = environment;
  if (kind === "uv") return await activateUv(name, options);
  if (kind === "pixi") return await activatePixi(name, options);
  if (kind === "conda") return await activateConda(name, options);
  return { env: {}, before: [] };
}

/**
 * The command that makes an environment, or brings it up to date; undefined where nothing is to be done.
 *
 * @throws {RegistryError} `Unsupported` where nothing says what is to be in it
 */
export async function installCommand(
  { kind, name, install }: EnvironmentConfig,
  options: EnvironmentOptions,
): Promise<readonly string[] | undefined> {
  if (!install) return undefined;
  if (kind === "uv") return await installUv(name, options);
  if (kind === "pixi") return await installPixi(name, options);
  if (kind === "conda") return await installConda(name, options);
}
