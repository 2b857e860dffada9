// `deno task compile`: the command line as one binary, `./holdfast`. Arguments are handed on to `deno compile`, as in
// `deno task compile --target aarch64-apple-darwin --output holdfast-mac`.
import { readFile } from "node:fs/promises";
import { join } from "@std/path";
import { readExports } from "../tests/support/exports.ts";
import { REPOSITORY } from "../tests/support/run_deno.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "../tests/support/source_files.ts";

/**
 * What is loaded by name while the program runs, so that a compiler does not see it: programs of workers, and what
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
    for (const [, target] of source.matchAll(LOADED)) {
      files.push(join(path, "..", target));
    }
  }
  return files;
}

/** The arguments of `deno` that compile the command line. */
export async function compileArguments(more: readonly string[]): Promise<string[]> {
  const permissions = more.some((flag) => /^(-A|--allow-)/.test(flag)) ? [] : ["--allow-all"];
  const output = more.some((flag) => /^(-o|--output)\b/.test(flag)) ? [] : ["--output", "holdfast"];
  const includes = (await filesToInclude()).flatMap((file) => ["--include", file]);
  return ["compile", ...permissions, ...output, ...more, ...includes, "apps/cli.ts"];
}

if (import.meta.main) {
  const command = new Deno.Command(Deno.execPath(), {
    args: await compileArguments(Deno.args),
    cwd: REPOSITORY,
  });
  Deno.exit((await command.spawn().status).code);
}
