// The command line with all extensions.
import { createCommandTable } from "../../apps/cli/commands/mod.ts";
import { runCli as run } from "../../apps/cli/run_cli.ts";
import type { CliIo } from "../../apps/cli/terminal/cli_io.ts";
import { EXTENSIONS } from "../../apps/extensions.ts";

export const COMMAND_TABLE = createCommandTable(EXTENSIONS);

export function runCli(args: readonly string[], io: CliIo): Promise<number> {
  return run(args, io, { extensions: EXTENSIONS });
}
