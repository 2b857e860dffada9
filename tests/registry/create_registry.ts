// New registries on stores that tests know.
import type { Backend } from "../../core/backend.ts";
import type { OpenOptions, StoredRegistry } from "../../core/registry.ts";
import { openRegistry, type OpenRegistryOptions } from "../../mod.ts";

/** Creates a registry without the probe of its store, some 240 requests, which `probe/` tests. */
export async function createRegistry(
  backend: Backend,
  options: OpenOptions = {},
): Promise<StoredRegistry> {
  await openRegistry(asMemory(backend), options);
  return await openRegistry(backend, options);
}

/** Opens the registry in a folder, with its store. */
export async function openFolder(
  path: string,
  options?: OpenRegistryOptions,
): Promise<StoredRegistry> {
  const registry = await openRegistry(path, options);
  if (registry.backend === undefined) throw new Error(`${path} is not a folder`);
  return registry;
}

/** The store under the name of one that needs no probe. */
function asMemory(backend: Backend): Backend {
  return new Proxy(backend, {
    get(target, name) {
      if (name === "kind") return "memory";
      const member = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
