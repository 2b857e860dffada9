/**
 * Registries on stores, for the suite of registries.
 *
 * @module
 */
import { openRegistry } from "../../../mod.ts";
import type { Backend } from "../../../mod.ts";
import type { RegistryToOpen, RegistryUnderTest } from "../../conformance/registry.ts";

/** A registry on a store that can be opened many times. */
export async function openOn(create: () => Backend, settings: RegistryToOpen): Promise<RegistryUnderTest> {
  const registry = await openRegistry(create(), { ...settings, cache: false });
  return { registry, reopen: ({ readOnly }) => openRegistry(create(), { readOnly, cache: false }) };
}
