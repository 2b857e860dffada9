// The npm package as a newcomer has it: built, and installed into a folder with an empty home.
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { realSystem } from "../../../core/system.ts";
import { buildPackage, type Built } from "../../../dev/npm.ts";
import { npxProgram } from "./npx_program.ts";
import { tempRoot } from "../../support/temp_root.ts";

/** JavaScript runtimes; `npx` provides each. */
export const RUNTIMES = ["node@22", "node@24", "bun@1"] as const;

/** The least and the newest TypeScript that read the declarations. */
export const TYPESCRIPTS = ["5.8", "5.9"] as const;

/** Returns the name that a project has installed a TypeScript by. */
export function compilerOf(version: typeof TYPESCRIPTS[number]): string {
  return `typescript-${version}`;
}

/** Options of `npm install` that avoid requests to its registry. */
export const INSTALL_QUIETLY = ["--no-audit", "--no-fund", "--prefer-offline"];

/** A project that has the package. */
export interface InstalledPackage {
  /** The built package. */
  built: Built;
  /** The folder of the project. */
  project: string;
  /** The environment of a newcomer. */
  env: Record<string, string>;
  /** The program of a runtime, as in `node@22`. */
  runtime(name: string): Promise<string>;
}

/** The outcome of a program. */
export interface Ran {
  /** Its exit code. */
  code: number;
  /** Its output. */
  stdout: string;
  /** Its output. */
  stderr: string;
}

/** The surroundings of a program. */
export interface RunPlace {
  /** The working folder. */
  cwd: string;
  /** Additional environment variables. */
  env: Record<string, string>;
  /** Its standard input. @default nothing */
  stdin?: string;
}

/** Runs a program to its end. */
export async function runIn(
  { cwd, env, stdin }: RunPlace,
  command: readonly string[],
): Promise<Ran> {
  const child = new Deno.Command(command[0], {
    args: command.slice(1),
    cwd,
    env,
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (stdin !== undefined) await new Blob([stdin]).stream().pipeTo(child.stdin);
  const { code, stdout, stderr } = await child.output();
  return {
    code,
    stdout: new TextDecoder().decode(stdout),
    stderr: new TextDecoder().decode(stderr),
  };
}

let shared: Promise<InstalledPackage> | undefined;

/** Returns the package that all tests of an isolate share, as it takes half a minute. Its folder is removed at the end. */
export function sharedPackage(): Promise<InstalledPackage> {
  return shared ??= tempRoot().then((root) => {
    globalThis.addEventListener("unload", () => Deno.removeSync(root.path, { recursive: true }));
    return installPackage(root.path);
  });
}

/** Builds the package, and installs it by npm beside what a project in TypeScript has, with an SDK. */
async function installPackage(root: string): Promise<InstalledPackage> {
  const home = join(root, "home"), project = join(root, "project");
  const cache = await npmCache(join(root, "cache"));
  const env = { HOME: home, NO_COLOR: "1", npm_config_cache: cache, HOLDFAST_REGISTRY: "" };
  await Promise.all([home, project].map((folder) => mkdir(folder, { recursive: true })));
  await writeFile(join(project, "package.json"), '{ "type": "module" }\n');
  const built = await buildPackage(root);
  const compilers = TYPESCRIPTS.map((version) =>
    `${compilerOf(version)}@npm:typescript@${version}`
  );
  const packages = ["@aws-sdk/client-s3@3", ...compilers, "@types/node@22", built.archive];
  const command = ["npm", "install", ...INSTALL_QUIETLY, ...packages];
  const { code, stderr } = await runIn({ cwd: project, env }, command);
  if (code !== 0) throw new Error(`Cannot install ${packages}: ${stderr}`);
  return { built, project, env, runtime: npxProgram };
}

/**
 * Makes a cache of npm in a folder, with the earlier downloads of this user. npm extracts an archive
 * twice in its cache before it installs it. These are some thousand files, which take half the time
 * in a folder in memory.
 */
async function npmCache(folder: string): Promise<string> {
  const downloads = join(realSystem.env("HOME") ?? "", ".npm/_cacache");
  await mkdir(join(folder, "_cacache"), { recursive: true });
  for (const part of ["content-v2", "index-v5"]) {
    await mkdir(join(downloads, part), { recursive: true });
    await symlink(join(downloads, part), join(folder, "_cacache", part));
  }
  return folder;
}
