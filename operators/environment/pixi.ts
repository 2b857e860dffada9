// Environments of pixi, which are those of conda below the folder of a project
// (https://pixi.prefix.dev/latest/workspace/environment).
import { basename, join, resolve } from "node:path";
import { shown } from "../../core/naming/names.ts";
import { shellWord } from "../process/shell_words.ts";
import { activatePrefix, isCondaPrefix } from "./conda_prefix.ts";
import { type EnvironmentOptions, firstOf, type FoundEnvironment } from "./environment.ts";

/**
 * Finds the environment `default` of a project, or another one by its folder, `./project/.pixi/envs/cuda`. What
 * `[activation]` of the project says is not read: `pixi run` as a start command does that.
 *
 * @param name the folder of the project, or of one of its environments. @default the root
 */
export async function findPixi(
  name: string | undefined,
  options: EnvironmentOptions,
): Promise<FoundEnvironment> {
  const folder = resolve(options.root, name ?? ".");
  const isItself = /[/\\]\.pixi[/\\]envs[/\\][^/\\]+$/.test(folder);
  const project = isItself ? resolve(folder, "../../..") : folder;
  const prefix = isItself ? folder : join(folder, ".pixi/envs/default");
  const environment = basename(prefix);
  const manifest = await firstOf(project, ["pixi.toml", "pyproject.toml"]);
  const chosen = environment === "default" ? [] : ["--environment", environment];
  const activate = async () => {
    const { env, before } = await activatePrefix(prefix, environment, options);
    const known: Record<string, string> = manifest === undefined
      ? {}
      : { PIXI_PROJECT_MANIFEST: manifest };
    return {
      env: { ...env, PIXI_PROJECT_ROOT: project, PIXI_ENVIRONMENT_NAME: environment, ...known },
      before,
    };
  };
  return {
    what: "an environment of pixi",
    where: `in ${shown(prefix)}`,
    make: `pixi init ${shellWord(project)}, and then pixi install in it`,
    file: `pixi.toml or pyproject.toml in ${shown(project)}`,
    ...await isCondaPrefix(prefix) && { activate },
    ...manifest && { install: ["pixi", "install", ...chosen, "--manifest-path", manifest] },
  };
}
