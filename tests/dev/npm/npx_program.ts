// Programs of npm packages, such as other runtimes.
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { realSystem } from "../../../core/system.ts";

/**
 * Returns the path of the program of a package, as in `node@22`. npx keeps each package in a folder that names it; to start npx
 * takes a second of a processor, so it runs only where no such folder is complete.
 */
export async function npxProgram(name: string): Promise<string> {
  const program = name.replace(/@.*/, "");
  const { env } = realSystem;
  const folder = join(env("npm_config_cache") ?? join(env("HOME") ?? "", ".npm"), "_npx");
  for (const kept of await readdir(folder).catch(() => [])) {
    const modules = join(folder, kept, "node_modules");
    const path = join(modules, ".bin", program);
    // npm writes this file at the end.
    if (!existsSync(join(modules, ".package-lock.json")) || !existsSync(path)) continue;
    const manifest = await readFile(join(folder, kept, "package.json"), "utf8").catch(() => "{}");
    const { _npx }: { _npx?: { packages?: string[] } } = JSON.parse(manifest);
    if (_npx?.packages?.join() === name) return path;
  }
  const args = ["-y", "-p", name, "which", program];
  const { stdout } = await new Deno.Command("npx", { args, stderr: "inherit" }).output();
  return new TextDecoder().decode(stdout).trim();
}
