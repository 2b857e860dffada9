// Tasks of the user's own code.
import { fault } from "../../core/errors.ts";
import type { CallRunner } from "../../plugins/jobs.ts";
import { loadModule } from "../places/load_module.ts";

/** A set of plugins, as far as a worker needs it. */
export type TaskPlugins = CallRunner & AsyncDisposable;

/**
 * Imports a module that whoever runs the command names, and gives the set that it exports as `plugins`.
 *
 * @throws {RegistryError} as {@linkcode loadModule}; `Invalid` where it exports no set
 */
export async function loadTasks(file: string, { cwd }: { cwd: string }): Promise<TaskPlugins> {
  const missing =
    "Write one that has: export const plugins = createPlugins(), with plugins.defineTask(…) after it.";
  const { path, exported } = await loadModule(file, { cwd, what: "tasks", missing });
  const plugins = await exported.plugins as Partial<TaskPlugins> | undefined;
  if (typeof plugins?.runCall === "function") return plugins as TaskPlugins;
  const names = Object.keys(exported).join(", ") || "nothing";
  throw fault({
    code: "Invalid",
    action: "load tasks of",
    subject: path,
    state: "plugins" in exported
      ? "what it exports as plugins is no set of plugins"
      : `it exports ${names}`,
    hint:
      'It has to have: export const plugins = createPlugins(), of "@holdfast/holdfast/plugins".',
  });
}
