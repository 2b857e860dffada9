import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type Command, defineCommand, printTable } from "../../../apps/cli/extending.ts";
import { alreadyExists, isStoreUrl, loadPart, shown, unsupported } from "../../../core/kernel.ts";
import type { Converted, Project } from "./config.ts";
import { convertProject } from "./convert.ts";

/** `read_project.ts`, which is loaded by name because of its packages. */
interface ReadingPart {
  readProject(from: string): Promise<Project>;
  writeYaml(value: object): Uint8Array;
}

export const importGeneralPipeline: Command = defineCommand({
  name: "import general_pipeline",
  summary: "Turn a configuration of general_pipeline into a pipeline.",
  details: "Reads pipeline.yaml or pipeline.toml with its nodes and operators, and writes " +
    "conf/pipeline.yaml, nodes and operators into a folder. Commands run in operators/ID, the " +
    "clone of the repository, as they did, and environments are in envs. Nothing is cloned or " +
    "installed: the commands that do it are printed. Keys without a meaning here are listed, and " +
    "secrets are not copied. Nothing is overwritten: run it again to finish an interrupted import.",
  args: [
    { usage: "<from>", text: "the folder conf, or the file of the pipeline", completes: "file" },
    { usage: "<to>", text: "the folder of the new pipeline", completes: "file" },
  ],
  options: [{ flags: "-n, --dry-run", text: "check everything and write nothing" }],
  examples: [
    ["holdfast import general_pipeline ./conf ./imported --dry-run", "see what fits"],
    ["holdfast import general_pipeline ./conf ./imported", "write it"],
  ],
  async run([from, to], { dryRun = false }, context) {
    const { io, shared } = context;
    for (const place of [from, to]) {
      if (!isStoreUrl(place)) continue;
      const hint = "Pass a folder of this machine.";
      throw unsupported("import from general_pipeline", shown(place), "it is a URL", { hint });
    }
    const tool = await loadPart<ReadingPart>("./read_project.ts", import.meta.url);
    const project = await tool.readProject(resolve(io.cwd, from));
    const { files, notes, commands } = convertProject(project);
    const folder = resolve(io.cwd, to);
    const texts = textsOf(files, tool.writeYaml);
    const missing: typeof texts = [];
    for (const file of texts) {
      if (!await isWritten(folder, file)) missing.push(file);
    }
    if (!dryRun) await write(folder, missing);
    await printTable(
      context,
      ["FILE", "KEY", "NOTE"],
      notes.map(({ file, key, note }) => ({
        json: { action: "noted", file, key, note },
        cells: [file, key, note],
      })),
    );
    const counts = { nodes: project.nodes.length, operators: project.operators.length };
    const all = `nodes: ${counts.nodes}, operators: ${counts.operators}`;
    await context.done(
      { ...counts, files: Object.keys(files), commands, notes: notes.length, dryRun },
      `${dryRun ? "Would import" : "Imported"} a pipeline (${all}) into ${to}`,
    );
    if (shared.json || commands.length === 0) return;
    await context.note(`${dryRun ? "After the import" : "Next"}, in ${to}:`);
    for (const command of commands) await context.note(`  ${command}`);
    await context.note("  holdfast pipeline plan --check");
  },
});

interface TextFile {
  path: string;
  text: string;
}

function textsOf(files: Converted["files"], encode: ReadingPart["writeYaml"]): TextFile[] {
  return Object.entries(files).map(([path, { head, value }]) => {
    const comment = head.map((line) => `# ${line}\n`).join("");
    return { path, text: comment + new TextDecoder().decode(encode(value)) };
  });
}

/** Writes files. The pipeline is last: an interrupted import has none. */
async function write(folder: string, files: TextFile[]): Promise<void> {
  for (const file of files) {
    const path = join(folder, file.path);
    await mkdir(dirname(path), { recursive: true });
    try {
      await writeFile(path, file.text, { flag: "wx" });
    } catch (error) {
      if (!isCode(error, "EEXIST") || !await isWritten(folder, file)) throw error;
    }
  }
}

/** False for a missing file. Throws `AlreadyExists` for one with another content. */
async function isWritten(folder: string, { path, text }: TextFile): Promise<boolean> {
  try {
    if (await readFile(join(folder, path), "utf8") === text) return true;
  } catch (error) {
    if (isCode(error, "ENOENT")) return false;
    throw error;
  }
  throw alreadyExists(`import into ${folder}`, undefined, `${path} exists`, {
    hint: "Choose another folder.",
  });
}

function isCode(error: unknown, code: string): boolean {
  return (error as { code?: unknown }).code === code;
}
