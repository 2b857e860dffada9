// `deno task compile`: the command line as one binary, `./holdfast`. Arguments are handed on to `deno compile`, as in
// `deno task compile --target aarch64-apple-darwin --output holdfast-mac`.
import { readFile, writeFile } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";
import { join } from "@std/path";
import { writePageModule } from "../explorer/build.ts";
import { readExports } from "../tests/support/exports.ts";
import { REPOSITORY } from "../tests/support/run_deno.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "../tests/support/source_files.ts";
import { tempRoot } from "../tests/support/temp_root.ts";
import { lockOf } from "./lock_of.ts";

/**
 * Lists files that the program loads by name, which a compiler does not see: programs of workers, and what
 * the export map offers (backends by their scheme, materializers by what registered them). Paths from the root of the
 * repository.
 */
export async function filesToInclude(): Promise<string[]> {
  const doors = Object.entries(await readExports()).filter(([subpath]) =>
    !/^\.($|\/cli$|\/testing)/.test(subpath)
  );
  return [
    ...new Set([...await loadedByName(), ...doors.map(([, file]) => file.replace(/^\.\//, ""))]),
  ].sort();
}

const LOADED =
  /(?:(?:new Worker|startThread)\(new URL|loadPart<[^;]*?>)\(\s*"(\.[^"]+\.ts)",\s*import\.meta\.url/g;

/** Programs of workers, `new URL("./worker.ts", import.meta.url)`, and parts that `loadPart` is given by name. */
async function loadedByName(): Promise<string[]> {
  const files: string[] = [];
  for (const path of await sourceFiles(PRODUCT_FOLDERS)) {
    const source = await readFile(join(REPOSITORY, path), "utf8");
    for (const [, target = ""] of source.matchAll(LOADED)) {
      files.push(join(path, "..", target));
    }
  }
  return files;
}

/**
 * Returns the arguments of `deno` that compile the command line.
 *
 * @param folder for the lock file of the binary, which has only its packages: Deno embeds all that one has
 */
export async function compileArguments(
  more: readonly string[],
  folder: string,
): Promise<string[]> {
  const permissions = more.some((flag) => /^(-A|--allow-)/.test(flag)) ? [] : ["--allow-all"];
  const output = more.some((flag) => /^(-o|--output)\b/.test(flag)) ? [] : ["--output", "holdfast"];
  const includes = (await filesToInclude()).flatMap((file) => ["--include", file]);
  const lock = join(folder, "deno.lock");
  await writeFile(lock, await lockOf(await sourceFiles([...PRODUCT_FOLDERS, "dev/std"])));
  const fixed = ["compile", "--lock", lock, ...permissions, ...output];
  return [...fixed, ...more, ...includes, "apps/cli.ts"];
}

/** Explains why the runtime of the binary is missing; undefined for another error. */
export function missingRuntime(error: string): string | undefined {
  const [url, target] = /https:\S+\/denort-([\w-]+)\.zip/.exec(error) ?? [];
  if (url === undefined) return undefined;
  return `error: Cannot compile for ${target}: Deno's runtime \`denort\` cannot be downloaded\n` +
    `hint: Download ${url} where there is a network, unzip it, and run: ` +
    "DENORT_BIN=/path/to/denort deno task compile";
}

/** Compiles an empty program, before minutes of building, to see whether the runtime is there. */
async function runtimeProblem(args: readonly string[], folder: string) {
  const at = args.findIndex((arg) => arg.startsWith("--target"));
  const target = at < 0 ? [] : args.slice(at, args[at]!.includes("=") ? at + 1 : at + 2);
  await writeFile(join(folder, "empty.ts"), "");
  const output = ["--output", join(folder, "empty")];
  const command = ["compile", "--no-config", ...target, ...output, join(folder, "empty.ts")];
  const { stderr } = await new Deno.Command(Deno.execPath(), { args: command }).output();
  return missingRuntime(stripVTControlCharacters(new TextDecoder().decode(stderr)));
}

/** Compiles, and returns the exit code. */
async function compile(args: readonly string[]): Promise<number> {
  await using root = await tempRoot();
  const problem = await runtimeProblem(args, root.path);
  if (problem !== undefined) {
    console.error(problem);
    return 1;
  }
  await writePageModule();
  const command = new Deno.Command(Deno.execPath(), {
    args: await compileArguments(args, root.path),
    cwd: REPOSITORY,
    stderr: "piped",
    env: Deno.stderr.isTerminal() ? { FORCE_COLOR: "1" } : {},
  });
  const child = command.spawn();
  let error = ""; // from the line of the error on
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    const at = error === "" ? stripVTControlCharacters(text).search(/^error: /m) : 0;
    if (at < 0) await Deno.stderr.write(new TextEncoder().encode(text));
    else error += text;
  }
  if (error !== "") console.error(missingRuntime(stripVTControlCharacters(error)) ?? error);
  return (await child.status).code;
}

if (import.meta.main) Deno.exit(await compile(Deno.args));
