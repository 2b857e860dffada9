// Tasks of the user's own code.
import type { CallRunner } from "../../../plugins/jobs.ts";
import { loadSet } from "../places/load_module.ts";

export type TaskPlugins = CallRunner & AsyncDisposable;

/**
 * Imports a module that whoever runs the command names, and gives the set that it exports as `plugins`.
 *
 * @throws {RegistryError} as {@linkcode loadModule}; `Invalid` where it exports no set
 */
export async function loadTasks(file: string, { cwd }: { cwd: string }): Promise<TaskPlugins> {
  const missing =
    "Write one that has: export const plugins = createPlugins(), with plugins.defineTask(…) after it.";
  return await loadSet(file, {
    cwd,
    what: "tasks",
    name: "plugins",
    missing,
    isSet: (value) => typeof (value as Partial<TaskPlugins> | undefined)?.runCall === "function",
    maker: ["createPlugins", "plugins"],
  });
}
