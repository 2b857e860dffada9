// The library speaks of methods and options: its texts name no command and no flag of `holdfast`.
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { REPOSITORY } from "../../support/run_deno.ts";
import { readExports } from "../../support/exports.ts";
import { reachable, readModuleGraph } from "../../support/module_graph.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "../../support/source_files.ts";

/** Sources of the interfaces that have flags or are read by people in a browser. */
const INTERFACES = /^apps\/(cli|server\/explorer)(\/|\.ts)/;

/** Entry points that programs import: not the command line, and not what writes its extensions. */
const LIBRARY = Object.values(await readExports()).map((file) => file.replace("./", ""))
  .filter((file) => !file.startsWith("apps/cli"));

/** Returns the sources that a program can load: those of extensions that only commands load are theirs. */
async function sourcesOfLibrary(): Promise<string[]> {
  const product = [...await sourceFiles(PRODUCT_FOLDERS), "mod.ts"];
  const graph = await readModuleGraph(product);
  const loaded = new Set(LIBRARY.flatMap((entry) => [...reachable(graph, entry)]));
  const isOfPart = (path: string) => /^(extensions|operators)\//.test(path);
  return product.filter((path) =>
    !INTERFACES.test(path) && (!isOfPart(path) || loaded.has(path)) &&
    !path.endsWith("/extension.ts")
  );
}

/** Flags of runtimes, bundlers and other programs, which a program may need. */
const OF_OTHERS =
  /--(allow-\w+|permission|external|include|max-old-space-size|global|package|prefix|project)\b/g;

/** Files whose texts are command lines of other programs, or no texts for readers. */
const COMMAND_LINES: readonly string[] = [
  "backends/s3/location.ts", // names of directory buckets end in --x-s3
  "core/bytes/cutter.ts", // a seed of hashes
  "core/urls/install_command.ts", // commands of package managers
  "operators/config/script_command.ts", // bash
  "operators/config/tree/overrides.ts", // the origin of a value, in messages
  "operators/engines/slurm.ts",
  "extensions/gateways/s3/errors.ts", // read in the output of commands such as `aws s3 cp`
];

function textsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/ .*$/gm, "");
  return code.match(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g) ?? [];
}

Deno.test("texts of the library name no command and no flag", async () => {
  const named: string[] = [];
  for (const path of await sourcesOfLibrary()) {
    const source = await Deno.readTextFile(join(REPOSITORY, path));
    if (COMMAND_LINES.includes(path)) continue;
    for (const text of textsOf(source)) {
      const own = text.replace(OF_OTHERS, "");
      if (/(^|[\s"'`([])--[a-z]|\bholdfast [a-z]+/.test(own)) named.push(`${path}: ${text}`);
    }
  }
  assertEquals(named, []);
});
