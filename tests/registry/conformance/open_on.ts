// Registries on stores, for the suite of registries.
import { type Backend, openRegistry } from "../../../mod.ts";
import type { System } from "../../../core/system.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import { versionCell } from "../../../registry/format/layout.ts";
import type { RegistryToOpen, RegistryUnderTest } from "../../conformance/registry.ts";
import { createRegistry } from "../create_registry.ts";
import { keysOf, noise } from "../registries.ts";

/** A registry on a store that can be opened many times. */
export async function openOn(
  create: () => Backend,
  settings: RegistryToOpen,
): Promise<RegistryUnderTest> {
  const registry = await createRegistry(create(), { ...settings, cache: false });
  return {
    registry,
    reopen: ({ readOnly }) => openRegistry(create(), { readOnly, cache: false }),
    damage: (name, version) => damageRecord(registry.backend, `${name}@${version}`, settings),
  };
}

/** A registry that `openRegistry` opens by its location, on a store that was created before. */
export async function openAt(
  location: string,
  options: { store: Backend; settings: RegistryToOpen; system?: System },
): Promise<RegistryUnderTest> {
  const { store, settings, system } = options;
  await createRegistry(store, { ...settings, cache: false });
  const open = (readOnly: boolean) =>
    openRegistry(location, { readOnly, cache: false, create: false, system });
  return {
    registry: await open(false),
    reopen: ({ readOnly }) => open(readOnly),
    damage: (name, version) => damageRecord(store, `${name}@${version}`, settings),
  };
}

/** Writes other bytes in place of the records of a version. */
export async function damageRecord(
  backend: Backend,
  ref: string,
  { versioned = true } = {},
): Promise<void> {
  const [name, version] = ref.split("@");
  for (const key of await keysOf(backend, versionCell(name, parseVersion(version), versioned))) {
    const { byteLength } = await (await backend.get(key))!.bytes();
    await backend.put(key, noise(byteLength));
  }
}
