// Sets of plugins.
import { fault, type RegistryError } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import type { Logger } from "../core/registry.ts";
import { realSystem, type System } from "../core/system.ts";
import type { PluginContext, Plugins, TaskRegistry } from "./contract.ts";
import { type AnyInterface, type Contract, contractOf, type InterfaceOf } from "./interface.ts";
import { registerBuiltIn } from "./built_in.ts";
import { type AnySource, type CheckedOrder, checkOrder, makePlugin } from "./sets/make_plugin.ts";
import { PluginTable } from "./sets/plugin_table.ts";
import { createTaskSet } from "./tasks/task_set.ts";
import { plainProblem } from "../core/text/plain_value.ts";

/** Options of {@linkcode createPlugins}. */
export interface PluginsOptions {
  /** Where inputs of more than 64 KiB, and such results, are kept on their way to other processes. @default none: they are refused */
  registry?: TaskRegistry;
  /** What plugins and tasks log to. @default console */
  logger?: Logger;
  system?: System;
}

/**
 * Creates a set of plugins, in which those of this library are registered: storages `local minio s3 gcs memory`, job
 * runners, buses of events `memory redis`, and behaviors. Closing it closes what it shares: runners end what they began.
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
 * assertEquals(await task.submit({ path: "a.bin", data: new Uint8Array(3) }), { storedPath: "a.bin" });
 * ```
 */
export function createPlugins(options: PluginsOptions = {}): Plugins {
  const { registry, logger = console, system = realSystem } = options;
  const table = new PluginTable();
  const shared = new SharedPlugins();
  let closed = false;

  async function check(contract: Contract, name: string, config: object): Promise<CheckedOrder> {
    if (closed) throw closedSet(name);
    return await checkOrder(
      { contract, name, definition: table.get(contract, name), config },
      context,
    );
  }

  function register(plugin: AnyInterface, name: string, ...given: AnySource[]): unknown {
    const contract = contractOf(plugin);
    if (given.length > 0) return table.add(contract, name, given[0]);
    return (source: AnySource) => {
      table.add(contract, name, source);
      return source;
    };
  }

  const plugins: Omit<Plugins, "defineTask" | "createTask" | "runCall"> = {
    register: register as Plugins["register"],
    create: async <T>(plugin: InterfaceOf<T>, name: string, config = {}) =>
      await makePlugin(await check(contractOf(plugin), name, config), context) as T,
    async shared<T>(plugin: InterfaceOf<T>, name: string, config = {}) {
      const contract = contractOf(plugin);
      const order = await check(contract, name, config);
      if (closed) throw closedSet(name);
      return await shared.get(
        [contract.name, name],
        order.checked,
        () => makePlugin(order, context),
      ) as T;
    },
    names: (plugin) => table.names(contractOf(plugin)),
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
  return fault({
    code: "Invalid",
    action: "create plugin",
    subject: shown(name),
    state: "its set was closed",
    hint: "Use it before the end of what holds the set, or create a set anew.",
  });
}

class SharedPlugins {
  readonly #made = new Map<string, Promise<unknown>>();

  /** The one of these settings; what cannot be compared is made anew. A failure is not kept. */
  async get(
    name: readonly string[],
    config: unknown,
    make: () => Promise<unknown>,
  ): Promise<unknown> {
    if (plainProblem(config) !== undefined) return await make();
    const sorted = Object.entries(Object(config)).sort(([a], [b]) => a < b ? -1 : 1);
    const key = JSON.stringify([...name, sorted]);
    const there = this.#made.get(key);
    if (there !== undefined) return await there;
    const plugin = make();
    this.#made.set(key, plugin);
    plugin.catch(() => this.#made.delete(key)); // whoever asked hears of it
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
