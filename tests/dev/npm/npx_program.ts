// Programs of npm packages, such as other runtimes.
import { realSystem } from "../../../core/system.ts";

const paths = new Map<string, Promise<string>>();

/**
 * Returns the path of the program of a package, as in `node@22`, which npx installs. It asks once, as npx takes a second to
 * start. `HOLDFAST_PROGRAMS` may have lines such as `node@22=/path`, for which npx is not asked.
 */
export function npxProgram(name: string): Promise<string> {
  const path = paths.get(name) ?? findProgram(name);
  paths.set(name, path);
  return path;
}

async function findProgram(name: string): Promise<string> {
  const known = realSystem.env("HOLDFAST_PROGRAMS")?.split("\n") ?? [];
  const line = known.find((text) => text.startsWith(`${name}=`));
  if (line !== undefined) return line.slice(name.length + 1);
  const args = ["-y", "-p", name, "which", name.replace(/@.*/, "")];
  const { success, stdout } = await new Deno.Command("npx", { args, stderr: "inherit" }).output();
  if (!success) throw new Error(`Cannot install ${name}: npx failed`);
  return new TextDecoder().decode(stdout).trim();
}
