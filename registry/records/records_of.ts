// The way from a registry to its records.
import type { Registry } from "../../core/registry.ts";
import { contextOf, knownContext } from "../operations/context.ts";
import { checkKnown, noSuchName } from "../operations/listing.ts";
import { Records } from "./records.ts";

/** Returns the records of a registry. Throws `Unsupported` unless `openRegistry` opened it here. */
export function recordsOf(registry: Registry, action: string): Records {
  return Records.of(contextOf(registry, action));
}

/** Returns the records of a registry that is open here, else undefined. */
export function knownRecords(registry: Registry): Records | undefined {
  const context = knownContext(registry);
  return context && Records.of(context);
}

/** Throws `NotFound` for a name without a version; in a store, for one that never had any. */
export async function checkHasName(
  registry: Registry,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  const context = knownContext(registry);
  if (context !== undefined) return await checkKnown(context, name, signal);
  for await (const _ of registry.versions(name, { limit: 1, signal })) return;
  throw noSuchName(name, registry.location);
}
