// Python programs in pages, and what they say that they print.
import { join } from "node:path";
import { realSystem } from "../../core/system.ts";
import { LOADS_LATE, REPOSITORY } from "../support/run_deno.ts";

/** Returns the program of a page that its fence names. */
export function programOf(page: string, name: string): string {
  return new RegExp(`^\`\`\`python ${name}\n([^]*?)^\`\`\`$`, "m").exec(page)?.[1] ?? "";
}

/** Returns the lines in the comments after each `print`. */
export function linesShown(program: string): string[] {
  return Array.from(program.matchAll(/\bprint\(.*\) {2}# (.*)$/gm), ([, text = ""]) => text);
}

/** Returns the environment of a program that starts a service. */
export function environment(root: string): Record<string, string> {
  const command = [Deno.execPath(), "run", "-A", LOADS_LATE, join(REPOSITORY, "apps/cli.ts")];
  return {
    HOLDFAST_COMMAND: command.join(" "),
    HOLDFAST_PYTHON_CACHE: join(root, "cache"),
    HOME: realSystem.env("HOME") ?? "",
    IPYTHONDIR: join(root, "ipython"),
    PATH: realSystem.env("PATH") ?? "",
    PYTHONPATH: join(REPOSITORY, "python"),
    PYTHONDONTWRITEBYTECODE: "",
  };
}
