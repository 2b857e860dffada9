// `holdfast pipeline init`
import { lstat, mkdir, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { fault } from "../../../../core/errors.ts";
import { findRegistry } from "../../places/find_registry.ts";
import { OPERATORS_FILE } from "../../places/load_operators.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { shellWord } from "../../program/hints.ts";
import { GIT_IGNORE, operatorsText, pipelineText } from "../../pipelines/init_files.ts";

/** Where `pipeline run` looks for a pipeline: one that is there would be run in place of what is written. */
const MAIN_FILES = ["yaml", "yml", "toml", "json"].flatMap((
  end,
) => [`pipeline.${end}`, `conf/pipeline.${end}`]);

export const init: Command = defineCommand<[folder: string | undefined], Record<never, never>>({
  name: "pipeline init",
  summary: "Write a small pipeline that runs as it is, to begin with.",
  details:
    "Writes pipeline.yaml, operators.ts and .gitignore. What is there already is never overwritten.",
  args: [{
    usage: "[folder]",
    text: "where, this folder where it is not given",
    completes: "file",
  }],
  options: [],
  examples: [["holdfast pipeline init", "in this folder"], [
    "holdfast pipeline init training",
    "in a new one",
  ]],
  async run([where = "."], _flags, context) {
    const { io, shared } = context;
    const folder = resolve(io.cwd, where);
    const id =
      (basename(folder).replace(/[^\w.-]+/g, "_").replace(/^[^A-Za-z0-9]+/, "") || "pipeline")
        .slice(0, 64);
    const files = { "pipeline.yaml": pipelineText(id), [OPERATORS_FILE]: operatorsText() };
    for (const name of [...Object.keys(files), ...MAIN_FILES]) await refuseFile(folder, name);
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(folder, name), text, { flag: "wx" });
    }
    const isIgnored = await isThere(join(folder, ".gitignore"));
    if (!isIgnored) await writeFile(join(folder, ".gitignore"), GIT_IGNORE, { flag: "wx" });
    const written = [...Object.keys(files), ...isIgnored ? [] : [".gitignore"]];
    await context.result(
      { folder, files: written, pipeline: id },
      shared.quiet ? undefined : `Wrote ${written.join(", ")} in ${folder}`,
    );
    if (shared.json) return;
    if (isIgnored) {
      await context.note("There is a .gitignore: add .holdfast/ and .holdfast-runs/ to it");
    }
    await context.note(`Next: ${nextCommands(where, folder, context)}`);
  },
});

async function refuseFile(folder: string, name: string): Promise<void> {
  if (!await isThere(join(folder, name))) return;
  throw fault({
    code: "AlreadyExists",
    action: "write a pipeline in",
    subject: folder,
    state: `${name} is there already`,
    hint: "Name another folder: holdfast pipeline init FOLDER",
  });
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

function nextCommands(where: string, folder: string, { io, shared }: CommandContext): string {
  const commands = resolve(io.cwd) === folder ? [] : [`cd ${shellWord(where)}`];
  if (!hasRegistry(shared.registry, { ...io, cwd: folder })) commands.push("holdfast init");
  return [...commands, "holdfast pipeline run"].join(" && ");
}

function hasRegistry(given: string | undefined, io: CommandContext["io"]): boolean {
  try {
    findRegistry(given, io);
    return true;
  } catch {
    return false; // whatever is wrong, `holdfast init` will say it
  }
}
