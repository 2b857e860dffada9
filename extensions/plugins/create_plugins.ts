// Sets of plugins.
import type { Logger, System } from "../../mod.ts";
import { invalid, plainProblem, realSystem, type RegistryError, shown } from "../../core/kernel.ts";
import type { PluginContext, Plugins, TaskRegistry } from "./contract.ts";
import { type AnyInterface, type Interface, type InterfaceOf, interfaceOf } from "./interface.ts";
import { registerBuiltIn } from "./built_in.ts";
import { type AnySource, type CheckedOrder, checkOrder, makePlugin } from "./sets/make_plugin.ts";
import { PluginTable } from "./sets/plugin_table.ts";
import { createTaskSet } from "./tasks/task_set.ts";

/** Options of {@linkcode createPlugins}. */
export interface PluginsOptions {
  /**
   * Registry for inputs and results of more than 64 KiB between processes.
   *
   * @default none: an error
   */
  registry?: TaskRegistry;
  /** @default console */
  logger?: Logger;
  system?: System;
}

/**
 * Creates a set with the built-in plugins: storages `local minio s3 gcs memory`, job runners, event
 * buses `memory redis`, and behaviors. Closing it closes shared plugins; runners finish running
 * jobs.
 *
 * @example
 * ```ts
 * import { createPlugins } from "@holdfast/holdfast/plugins";
 * import { assertEquals } from "@std/assert";
 *
 * await using plugins = createPlugins();
 * plugins.defineTask("finalize", ({ path }: { path: string }) => ({ storedPath: path }));
 *
 * const task = plugins.createTask("finalize").addBehavior("storage_write", { backend: "memory" });
 * const result = await task.submit({ path: "a.bin", data: new Uint8Array(3) });
 * assertEquals(result, { storedPath: "a.bin" });
 * ```
 */
export function createPlugins(options: PluginsOptions = {}): Plugins {
  const { registry, logger = console, system = realSystem } = options;
  const table = new PluginTable();
  const shared = new SharedPlugins();
  let closed = false;

  async function check(kind: Interface, name: string, config: object): Promise<CheckedOrder> {
    if (closed) throw closedSet(name);
    const definition = table.get(kind, name);
    return await checkOrder({ kind, name, definition, config }, context);
  }

  function register(selector: AnyInterface, name: string, ...given: AnySource[]): unknown {
    const kind = interfaceOf(selector);
    if (given.length > 1) {
      throw invalid("register plugin", shown(name), `got ${given.length + 2} arguments`, {
        hint: "Pass at most 3.",
      });
    }
    if (given.length !== 0) return table.add(kind, name, given[0]!);
    table.checkNew(kind, name);
    return (source: AnySource) => {
      table.add(kind, name, source);
      return source;
    };
  }

  const plugins: Omit<Plugins, "defineTask" | "createTask" | "runCall"> = {
    register: register as Plugins["register"],
    create: async <T>(selector: InterfaceOf<T>, name: string, config = {}) =>
      await makePlugin(await check(interfaceOf(selector), name, config), context) as T,
    async shared<T>(selector: InterfaceOf<T>, name: string, config = {}) {
      const kind = interfaceOf(selector);
      const order = await check(kind, name, config);
      if (closed) throw closedSet(name);
      const make = () => makePlugin(order, context);
      return await shared.get([kind.name, name], order.checked, make) as T;
    },
    names: (selector) => table.names(interfaceOf(selector)),
    async close() {
      await this[Symbol.asyncDispose]();
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await shared.close();
    },
  };
  const whole = {} as Plugins;
  const context: PluginContext = { plugins: whole, system, logger };
  registerBuiltIn(table);
  return Object.assign(whole, plugins, createTaskSet({ context, table, registry }));
}

function closedSet(name: string): RegistryError {
  return invalid("create plugin", shown(name), "its plugin set is closed", {
    hint: "Create a new set, or close this one later.",
  });
}

class SharedPlugins {
  readonly #made = new Map<string, Promise<unknown>>();

  /**
   * Returns the plugin of these settings; a new one if they cannot be compared. Forgets failures.
   */
  async get(
    name: readonly string[],
    config: unknown,
    make: () => Promise<unknown>,
  ): Promise<unknown> {
    if (plainProblem(config) !== undefined) return await make();
    const sorted = Object.entries(Object(config)).sort(([a], [b]) => a < b ? -1 : 1);
    const key = JSON.stringify([...name, sorted]);
    const instance = this.#made.get(key);
    if (instance !== undefined) return await instance;
    const plugin = make();
    this.#made.set(key, plugin);
    plugin.catch(() => this.#made.delete(key));
    return await plugin;
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    const last = [...this.#made.values()].reverse();
    this.#made.clear();
    for (const plugin of last) await dispose(plugin).catch((error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}

async function dispose(plugin: Promise<unknown>): Promise<void> {
  const thing: Partial<AsyncDisposable & Disposable> = await plugin.catch(() => {}) ?? {};
  await (thing[Symbol.asyncDispose] ?? thing[Symbol.dispose])?.call(thing);
}
