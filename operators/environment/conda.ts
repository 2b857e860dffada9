// Environments of conda, by name or by folder.
import { readFile } from "node:fs/promises";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { shellWord } from "../process/shell_words.ts";
import type { Activation, EnvironmentOptions } from "./activation.ts";
import { activatePrefix, isCondaPrefix } from "./conda_prefix.ts";
import { firstOf, missingEnvironment, nothingToInstall } from "./places.ts";

/** Where installers of conda and its relatives put themselves, below the home of whoever ran them. */
const USUAL_ROOTS = ["miniconda3", "miniforge3", "mambaforge", "anaconda3", "micromamba", ".conda"];

/**
 * Activates an environment.
 *
 * @param name its name, or its folder where it has a slash
 * @throws {RegistryError} `Invalid` without a name
 */
export async function activateConda(
  name: string | undefined,
  options: EnvironmentOptions,
): Promise<Activation> {
  const found = await findConda(name, options);
  if (found.prefix !== undefined) return await activatePrefix(found.prefix, found.name, options);
  const { name: called, isFolder } = found;
  const file = await fileOf(options);
  const where = `${isFolder ? "--prefix" : "--name"} ${shellWord(called)}`;
  throw missingEnvironment(`the environment ${shown(name)} of conda`, {
    state: isFolder
      ? `in ${shown(called)}`
      : "of that name where conda and its relatives keep theirs",
    make: file === undefined
      ? `conda create ${where} python`
      : `conda env create --file ${shellWord(file)} ${where}`,
    installs: file !== undefined,
  });
}

async function fileOf({ root }: EnvironmentOptions): Promise<string | undefined> {
  return await firstOf(root, ["environment.yml", "environment.yaml"]);
}

/** `conda env update`, which makes an environment of `environment.yml`, or makes it as that says. */
export async function installConda(
  name: string | undefined,
  options: EnvironmentOptions,
): Promise<readonly string[]> {
  const { name: called, isFolder, prefix } = await findConda(name, options);
  const { root, system } = options;
  const file = await fileOf(options);
  if (file === undefined) {
    throw nothingToInstall("an environment of conda", { at: root, files: "environment.yml" });
  }
  const where = prefix === undefined && !isFolder
    ? ["--name", called]
    : ["--prefix", prefix ?? called];
  return [
    system.env("CONDA_EXE") || "conda",
    "env",
    prefix === undefined ? "create" : "update",
    "--file",
    file,
    ...where,
  ];
}

interface FoundConda {
  /** Its folder; undefined where there is none. */
  prefix?: string;
  /** What it is called: a name, or a folder, absolute. */
  name: string;
  isFolder: boolean;
}

async function findConda(
  name: string | undefined,
  options: EnvironmentOptions,
): Promise<FoundConda> {
  if (name === undefined || name === "") {
    throw fault({
      code: "Invalid",
      action: "run in an environment of conda",
      state: "env_config names none",
      hint: "Write its name or its folder: env_config: { kind: conda, name: my_env }",
    });
  }
  if (/[/\\]/.test(name)) {
    const prefix = resolve(options.root, name);
    const found = await isCondaPrefix(prefix) ? { prefix } : {};
    return { ...found, name: prefix, isFolder: true };
  }
  const places = await placesOf(name, options);
  for (const prefix of places) {
    if (await isCondaPrefix(prefix)) return { prefix, name, isFolder: false };
  }
  return { name, isFolder: false };
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
