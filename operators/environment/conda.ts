// Environments of conda, by name or by folder.
import { readFile } from "node:fs/promises";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { shellWord } from "../process/shell_words.ts";
import { activatePrefix, isCondaPrefix } from "./conda_prefix.ts";
import { type EnvironmentOptions, firstOf, type FoundEnvironment } from "./environment.ts";

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
