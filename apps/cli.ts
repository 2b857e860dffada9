/**
 * The command line, `holdfast`.
 *
 * ```sh
 * deno install --global --name holdfast --allow-read --allow-write --allow-env \
 *   jsr:@holdfast/holdfast/cli
 * holdfast --help
 * ```
 *
 * @module
 */
import { EXTENSIONS } from "./extensions.ts";
import { runCli } from "./cli/run_cli.ts";
import { runProcess } from "./cli/program/run_process.ts";

if (import.meta.main) {
  await runProcess((args, io) => runCli(args, io, { extensions: EXTENSIONS }));
}
