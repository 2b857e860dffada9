// `deno task install`: a script `holdfast` that runs this clone, beside the programs that
// `deno install --global` writes. Also downloads what its commands need, and builds the page of the explorer.
//
// `deno install --config` copies `deno.json`, and imports of Holdfast in a pipeline's modules would
// then be resolved beside that copy.
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter } from "node:path";
import { join } from "@std/path";
import { realSystem, type System } from "../core/system.ts";
import config from "../deno.json" with { type: "json" };
import { denoSucceeds, REPOSITORY } from "../tests/support/run_deno.ts";

/** Writes the script, and returns the lines that tell where it is. */
export async function install({ env }: Pick<System, "env">): Promise<string[]> {
  const folder = join(env("DENO_INSTALL_ROOT") ?? join(homedir(), ".deno"), "bin");
  const script = join(folder, "holdfast");
  const program = join(REPOSITORY, "apps/cli.ts").replaceAll("'", String.raw`'\''`);
  // Commands load stores, queues and operators by names that Deno does not see in their source.
  await denoSucceeds(["cache", "--quiet", "apps/cli.ts", ...Object.values(config.exports)]);
  await denoSucceeds(["run", "-A", "--quiet", "explorer/build.ts", "--print"]);
  await mkdir(folder, { recursive: true });
  await writeFile(script, `#!/bin/sh\nexec deno run --allow-all '${program}' "$@"\n`);
  await chmod(script, 0o755);
  const isInPath = env("PATH")?.split(delimiter).includes(folder);
  return [script, ...isInPath ? [] : [`Add it to your PATH: export PATH="${folder}:$PATH"`]];
}

if (import.meta.main) {
  if (Deno.args.length > 0) {
    console.error(`error: Cannot install: unknown argument ${JSON.stringify(Deno.args[0])}
hint: To install into FOLDER/bin, run: DENO_INSTALL_ROOT=FOLDER deno task install`);
    Deno.exit(2);
  }
  console.log((await install(realSystem)).join("\n"));
}
