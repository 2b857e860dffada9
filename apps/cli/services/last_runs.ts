// When maintenance last succeeded on this machine, for `doctor` and the gauges of `serve`: a file for
// each registry and command in the folder HOLDFAST_STATE. Without it, nothing is noted.
import { mkdir, readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { messageOf } from "../../../core/errors.ts";
import { isGranted, type System } from "../../../core/system.ts";
import { replaceFile } from "../../change_file.ts";
import type { CommandContext } from "../program/command.ts";
import type { Maintained } from "../program/maintained.ts";

/** Returns what is wrong with HOLDFAST_STATE; undefined if it is right, or not set. */
export function stateProblem({ env }: Pick<System, "env">): string | undefined {
  const state = env("HOLDFAST_STATE");
  if (!state || isAbsolute(state)) return undefined;
  return `HOLDFAST_STATE is ${JSON.stringify(state)}, not an absolute path`;
}

/** Returns the path of the note of one command, without its name; undefined without a folder. */
function notesOf(registry: string, { env }: Pick<System, "env">): string | undefined {
  const state = env("HOLDFAST_STATE");
  const isId = /^[\w-]{1,100}$/.test(registry); // that of a service could be anything
  return state && isAbsolute(state) && isId ? join(state, "last_runs", registry) : undefined;
}

/** Notes when maintenance of a registry succeeded. A failure of that is a warning. */
export async function noteRun(
  registry: string,
  commands: readonly string[],
  { io: { system }, logger }: Pick<CommandContext, "io" | "logger">,
  at: Date = new Date(system.now()),
): Promise<void> {
  const problem = stateProblem(system);
  if (problem !== undefined) logger.warn(`Cannot note that maintenance succeeded: ${problem}`);
  const notes = notesOf(registry, system);
  if (notes === undefined || !isGranted({ name: "write", path: dirname(notes) })) return;
  try {
    await mkdir(dirname(notes), { recursive: true, mode: 0o700 });
    for (const command of commands) {
      const content = `${at.toISOString()}\n`;
      replaceFile("note maintenance in", `${notes}.${command}`, { content, mode: 0o644 });
    }
  } catch (error) {
    logger.warn(`Cannot note that maintenance succeeded: ${messageOf(error)}`);
  }
}

/** Returns when maintenance of a registry last succeeded on this machine, milliseconds since 1970. */
export async function readLastRuns(
  registry: string,
  maintained: readonly Maintained[],
  system: Pick<System, "env">,
): Promise<Record<string, number>> {
  const notes = notesOf(registry, system);
  if (notes === undefined || !isGranted({ name: "read", path: dirname(notes) })) return {};
  const runs: Record<string, number> = {};
  for (const { command } of maintained) {
    const text = await readFile(`${notes}.${command}`, "utf8").catch(() => "");
    const at = Date.parse(text.trim());
    if (!Number.isNaN(at)) runs[command] = at;
  }
  return runs;
}
