// The library speaks of methods and options: its texts name no command and no flag of `holdfast`.
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { REPOSITORY } from "../../support/run_deno.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "../../support/source_files.ts";

/** Sources of the interfaces that have flags or are read by people in a browser. */
const INTERFACES: readonly RegExp[] = [
  /^apps\/(cli|mcp|server\/explorer)(\/|\.ts)/,
  /^(gateways\/\w+|mirrors|neighbors\/\w+|sign_in|signatures|verification)\/(extension|commands|promote|signers\/(key_files|remote_signer)|saving|(bom|asked|keyless)\/command)\.ts$/,
  /^gateways\/dav\/mount(ers)?\.ts$/,
  /^gateways\/s3\/errors\.ts$/, // read in the output of commands such as `aws s3 cp`
  /^(processes|operators\/surface|plugins\/surface|queues\/surface|sign_in\/login|neighbors\/import)\//,
];

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
];

function textsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/ .*$/gm, "");
  return code.match(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g) ?? [];
}

Deno.test("texts of the library name no command and no flag", async () => {
  const named: string[] = [];
  for (const path of await sourceFiles(PRODUCT_FOLDERS)) {
    if (INTERFACES.some((each) => each.test(path)) || COMMAND_LINES.includes(path)) continue;
    for (const text of textsOf(await Deno.readTextFile(join(REPOSITORY, path)))) {
      const own = text.replace(OF_OTHERS, "");
      if (/(^|[\s"'`([])--[a-z]|\bholdfast [a-z]+/.test(own)) named.push(`${path}: ${text}`);
    }
  }
  assertEquals(named, []);
});
