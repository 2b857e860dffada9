// Activating the folder of a conda environment
// (https://docs.conda.io/projects/conda/en/latest/dev-guide/deep-dives/activation.html).
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isJsonObject } from "../../core/text/json_text.ts";
import { isThere, isWindows, pathWith } from "./environment.ts";
import type { Activation, EnvironmentOptions } from "./environment.ts";

/** Packages bring scripts that set variables: they are read in the order of their names, as conda does. */
const READ_SCRIPTS =
  'for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do . "$script"; done; exec "$@"';

export async function isCondaPrefix(folder: string): Promise<boolean> {
  return await isThere(folder, "conda-meta");
}

/**
 * Activates the environment in a folder.
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
