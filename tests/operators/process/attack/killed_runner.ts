// Runs a command until it is killed: `killed_runner.ts FOLDER NOTE COMMAND…`.
import { runNotedCommand } from "../../../../operators/process/run_command.ts";

const [cwd, note, ...command] = Deno.args;
await runNotedCommand(command, { cwd }, note);
