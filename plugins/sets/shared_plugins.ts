// Plugins that are made once for the same settings.
import { plainProblem } from "../../core/text/plain_value.ts";

export interface SharedPlugins extends AsyncDisposable {
  /** The one of these settings; what cannot be compared is made anew. A failure is not kept. */
  get(name: readonly string[], config: unknown, make: () => Promise<unknown>): Promise<unknown>;
}

export function createSharedPlugins(): SharedPlugins {
  const made = new Map<string, Promise<unknown>>();
  return {
    async get(name, config, make) {
      if (plainProblem(config) !== undefined) return await make();
      const key = JSON.stringify([
        ...name,
        Object.entries(Object(config)).sort(([a], [b]) => a < b ? -1 : 1),
      ]);
      const there = made.get(key);
      if (there !== undefined) return await there;
      const plugin = make();
      made.set(key, plugin);
      plugin.catch(() => made.delete(key)); // whoever asked hears of it
      return await plugin;
    },
    async [Symbol.asyncDispose]() {
      const failures: unknown[] = [];
      const last = [...made.values()].reverse();
      made.clear();
      for (const plugin of last) await dispose(plugin).catch((error) => failures.push(error));
      if (failures.length > 0) throw failures[0];
    },
  };
}

async function dispose(plugin: Promise<unknown>): Promise<void> {
  const thing: Partial<AsyncDisposable & Disposable> = await plugin.catch(() => {}) ?? {};
  await (thing[Symbol.asyncDispose] ?? thing[Symbol.dispose])?.call(thing);
}
