// Finds conda environments, by name or by folder, and pixi environments, which are conda's too.
import { readdir, readFile } from "node:fs/promises";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { shellWord } from "../process/shell_words.ts";
import {
  type Activation,
  type EnvironmentOptions,
  firstOf,
  type FoundEnvironment,
  isThere,
  isWindows,
  pathWith,
} from "./environment.ts";
import { isJsonObject } from "../../core/text/json_text.ts";

/** Default install folders of conda and its relatives, below the user's home. */
const USUAL_ROOTS = ["miniconda3", "miniforge3", "mambaforge", "anaconda3", "micromamba", ".conda"];

/** Finds an environment by its name, or by its folder if it contains a slash. */
export async function findConda(
  name: string | undefined,
  options: EnvironmentOptions,
): Promise<FoundEnvironment> {
  if (name === undefined || name === "") {
    throw fault({
      code: "Invalid",
      action: "run in a conda environment",
      state: "env_config has neither a name nor a folder",
      hint: "Set its name or folder: env_config: { kind: conda, name: my_env }",
    });
  }
  const { root, system } = options;
  const isFolder = /[/\\]/.test(name);
  const called = isFolder ? resolve(root, name) : name;
  let prefix: string | undefined;
  for (const place of isFolder ? [called] : await placesOf(name, options)) {
    if (prefix === undefined && await isCondaPrefix(place)) prefix = place;
  }
  const file = await firstOf(root, ["environment.yml", "environment.yaml"]);
  const [action, ...at] = prefix === undefined
    ? ["create", isFolder ? "--prefix" : "--name", called]
    : ["update", "--prefix", prefix];
  const program = system.env("CONDA_EXE") || "conda";
  return {
    what: `the conda environment ${shown(name)}`,
    where: isFolder ? `in ${shown(called)}` : "in the default folders of conda and its relatives",
    make: `conda create ${isFolder ? "--prefix" : "--name"} ${shellWord(called)} python`,
    file: `environment.yml in ${shown(root)}`,
    ...prefix && { activate: () => activatePrefix(prefix, called, options) },
    ...file && { install: [program, "env", action, "--file", file, ...at] },
  };
}

async function placesOf(name: string, { env, system }: EnvironmentOptions): Promise<string[]> {
  const variable = (key: string) => env[key] ?? system.env(key);
  const listOf = (key: string) =>
    variable(key)?.split(delimiter).filter((path) => path !== "") ?? [];
  const home = variable("HOME") ?? variable("USERPROFILE") ?? ".";
  const [program, mamba] = [variable("CONDA_EXE"), variable("MAMBA_ROOT_PREFIX")];
  const roots = [
    ...program ? [dirname(dirname(program))] : [],
    ...mamba ? [mamba] : [],
    ...USUAL_ROOTS.map((root) => join(home, root)),
    "/opt/conda",
  ];
  if (name === "base") return roots;
  const folders = [
    ...listOf("CONDA_ENVS_PATH"),
    ...listOf("CONDA_ENVS_DIRS"),
    ...roots.map((root) => join(root, "envs")),
  ];
  // conda lists all environments there, also those in other folders.
  const listed = await readFile(join(home, ".conda/environments.txt"), "utf8").catch(() => "");
  const known = listed.split(/\r?\n/).filter((prefix) => basename(prefix) === name);
  return [...folders.map((folder) => join(folder, name)), ...known];
}

/** Sources the activation scripts of packages in the order of their names, as conda does. */
const READ_SCRIPTS =
  'for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do . "$script"; done; exec "$@"';

async function isCondaPrefix(folder: string): Promise<boolean> {
  return await isThere(folder, "conda-meta");
}

/**
 * Activates the environment in a folder
 * (https://docs.conda.io/projects/conda/en/latest/dev-guide/deep-dives/activation.html).
 *
 * @param name the value of `CONDA_DEFAULT_ENV`
 */
async function activatePrefix(
  prefix: string,
  name: string,
  options: EnvironmentOptions,
): Promise<Activation> {
  const programs = isWindows
    ? ["", "Library/mingw-w64/bin", "Library/usr/bin", "Library/bin", "Scripts", "bin"]
    : ["bin"];
  const own = Object.entries(await variablesOf(prefix)).filter(([name]) =>
    options.env[name] === undefined
  );
  const scripts = await namesIn(join(prefix, "etc/conda/activate.d"), ".sh");
  return {
    env: {
      ...Object.fromEntries(own),
      PATH: pathWith(programs.map((folder) => join(prefix, folder)), options),
      CONDA_PREFIX: prefix,
      CONDA_DEFAULT_ENV: name,
      CONDA_SHLVL: "1",
    },
    before: isWindows || scripts.length === 0 ? [] : ["bash", "-c", READ_SCRIPTS, "bash"],
  };
}

/** Reads the variables of packages (`env_vars.d`) and of users (`conda env config vars`). */
async function variablesOf(prefix: string): Promise<Record<string, string>> {
  const folder = join(prefix, "etc/conda/env_vars.d");
  const files = (await namesIn(folder, ".json")).map((name) => join(folder, name));
  const ofPackages = await Promise.all(files.map(readJson));
  const { env_vars: ofPeople } = await readJson(join(prefix, "conda-meta/state"));
  const all: Record<string, unknown> = Object.assign(
    {},
    ...ofPackages,
    isJsonObject(ofPeople) ? ofPeople : {},
  );
  const strings = Object.entries(all).filter((entry): entry is [string, string] =>
    typeof entry[1] === "string" && entry[1] !== UNSET
  );
  return Object.fromEntries(strings);
}

const UNSET = "***unset***";

async function namesIn(folder: string, end: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(end)).sort();
}

/** Ignores invalid JSON, as conda does with a warning. */
async function readJson(path: string): Promise<Record<string, unknown>> {
  try {
    const value = JSON.parse(await readFile(path, "utf8"));
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

/**
 * Finds the `default` environment of a pixi project, or another one by its folder,
 * `./project/.pixi/envs/cuda` (https://pixi.prefix.dev/latest/workspace/environment). Ignores
 * `[activation]` of the project: use `pixi run` as the start command for that.
 *
 * @param name folder of the project, or of one of its environments. @default the root
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
    const own = { PIXI_PROJECT_ROOT: project, PIXI_ENVIRONMENT_NAME: environment };
    const known = manifest !== undefined && { PIXI_PROJECT_MANIFEST: manifest };
    return { env: { ...env, ...own, ...known }, before };
  };
  return {
    what: "the pixi environment",
    where: `in ${shown(prefix)}`,
    make: `pixi init ${shellWord(project)}, and then pixi install in it`,
    file: `pixi.toml or pyproject.toml in ${shown(project)}`,
    ...await isCondaPrefix(prefix) && { activate },
    ...manifest && { install: ["pixi", "install", ...chosen, "--manifest-path", manifest] },
  };
}
