// Environments of conda, by name or by folder, and those of pixi, which are conda's too.
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

/** Where installers of conda and its relatives put themselves, below the home of whoever ran them. */
const USUAL_ROOTS = ["miniconda3", "miniforge3", "mambaforge", "anaconda3", "micromamba", ".conda"];

/**
 * Finds an environment.
 *
 * @param name its name, or its folder where it has a slash
 * @throws {RegistryError} `Invalid` without a name
 */
export async function findConda(
  name: string | undefined,
  options: EnvironmentOptions,
): Promise<FoundEnvironment> {
  if (name === undefined || name === "") {
    throw fault({
      code: "Invalid",
      action: "run in an environment of conda",
      state: "env_config names none",
      hint: "Write its name or its folder: env_config: { kind: conda, name: my_env }",
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
    what: `the environment ${shown(name)} of conda`,
    where: isFolder
      ? `in ${shown(called)}`
      : "of that name where conda and its relatives keep theirs",
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
  // conda lists there what it made anywhere.
  const listed = await readFile(join(home, ".conda/environments.txt"), "utf8").catch(() => "");
  const known = listed.split(/\r?\n/).filter((prefix) => basename(prefix) === name);
  return [...folders.map((folder) => join(folder, name)), ...known];
}

/** Packages bring scripts that set variables: they are read in the order of their names, as conda does. */
const READ_SCRIPTS =
  'for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do . "$script"; done; exec "$@"';

export async function isCondaPrefix(folder: string): Promise<boolean> {
  return await isThere(folder, "conda-meta");
}

/**
 * Activates the environment in a folder
 * (https://docs.conda.io/projects/conda/en/latest/dev-guide/deep-dives/activation.html).
 *
 * @param name what `CONDA_DEFAULT_ENV` is to say
 */
export async function activatePrefix(
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

/** Variables that packages (`env_vars.d`) and people (`conda env config vars`) have set for an environment. */
async function variablesOf(prefix: string): Promise<Record<string, string>> {
  const folder = join(prefix, "etc/conda/env_vars.d");
  const files = (await namesIn(folder, ".json")).map((name) => join(folder, name));
  const ofPackages = await Promise.all(files.map(readJson));
  const { env_vars: ofPeople } = await readJson(join(prefix, "conda-meta/state"));
  const all = Object.assign({}, ...ofPackages, isJsonObject(ofPeople) ? ofPeople : {}) as Record<
    string,
    unknown
  >;
  const texts = Object.entries(all).filter(([, value]) =>
    typeof value === "string" && value !== UNSET
  );
  return Object.fromEntries(texts) as Record<string, string>;
}

const UNSET = "***unset***";

async function namesIn(folder: string, end: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(end)).sort();
}

/** What is no JSON says nothing: conda warns of it and goes on. */
async function readJson(path: string): Promise<Record<string, unknown>> {
  try {
    const value = JSON.parse(await readFile(path, "utf8"));
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

/**
 * Finds the environment (https://pixi.prefix.dev/latest/workspace/environment) `default` of a project, or another one by its folder, `./project/.pixi/envs/cuda`. What
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
