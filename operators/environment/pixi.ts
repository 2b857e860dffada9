// Environments of pixi, which are those of conda below the folder of a project
// (https://pixi.prefix.dev/latest/workspace/environment).
import { basename, join, resolve } from "node:path";
import { shown } from "../../core/naming/names.ts";
import { shellWord } from "../process/shell_words.ts";
import { activatePrefix, isCondaPrefix } from "./conda_prefix.ts";
import type { Activation, EnvironmentOptions } from "./activation.ts";
import { firstOf, missingEnvironment, nothingToInstall } from "./places.ts";

/**
 * Activates the environment `default` of a project, or another one by its folder, `./project/.pixi/envs/cuda`. What
 * `[activation]` of the project says is not read: `pixi run` as a start command does that.
 *
 * @param name the folder of the project, or of one of its environments. @default the root
 */
export async function activatePixi(
  name: string | undefined,
  options: EnvironmentOptions,
): Promise<Activation> {
  const { project, prefix } = placesOf(name, options);
  const environment = basename(prefix);
  const manifest = await manifestOf(project);
  if (!await isCondaPrefix(prefix)) {
    const install = [
      "pixi",
      "install",
      ...optionsOf(environment),
      "--manifest-path",
      shellWord(manifest ?? ""),
    ].join(
      " ",
    );
    const installs = manifest !== undefined;
    const make = installs
      ? install
      : `pixi init ${shellWord(project)}, and then pixi install in it`;
    throw missingEnvironment("an environment of pixi", {
      state: `in ${shown(prefix)}`,
      make,
      installs,
    });
  }
  const { env, before } = await activatePrefix(prefix, environment, options);
  const known: Record<string, string> = manifest === undefined
    ? {}
    : { PIXI_PROJECT_MANIFEST: manifest };
  return {
    env: { ...env, PIXI_PROJECT_ROOT: project, PIXI_ENVIRONMENT_NAME: environment, ...known },
    before,
  };
}

/** `pixi install`, which makes an environment of what the project says. */
export async function installPixi(
  name: string | undefined,
  options: EnvironmentOptions,
): Promise<readonly string[]> {
  const { project, prefix } = placesOf(name, options);
  const manifest = await manifestOf(project);
  if (manifest === undefined) {
    throw nothingToInstall("an environment of pixi", {
      at: project,
      files: "pixi.toml or pyproject.toml",
    });
  }
  return ["pixi", "install", ...optionsOf(basename(prefix)), "--manifest-path", manifest];
}

function optionsOf(environment: string): string[] {
  return environment === "default" ? [] : ["--environment", environment];
}

async function manifestOf(project: string): Promise<string | undefined> {
  return await firstOf(project, ["pixi.toml", "pyproject.toml"]);
}

function placesOf(
  name: string | undefined,
  { root }: EnvironmentOptions,
): { project: string; prefix: string } {
  const folder = resolve(root, name ?? ".");
  const isEnvironment = /[/\\]\.pixi[/\\]envs[/\\][^/\\]+$/.test(folder);
  return isEnvironment
    ? { project: resolve(folder, "../../.."), prefix: folder }
    : { project: folder, prefix: join(folder, ".pixi/envs/default") };
}
