/**
 * A registry in a folder of whose versions many in a row were deleted.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createLocalBackend, openRegistry } from "../../../mod.ts";
import type { LocalBackendOptions } from "../../../backends/local.ts";
import type { OpenOptions, Registry } from "../../../core/registry.ts";
import { contextOf } from "../../../registry/opening/context.ts";
import { versionHeads } from "../../../registry/cell/heads.ts";

/** So many dead versions in a row are noted. */
export const MANY = 80;

/** Options of the registry and of its store. */
export interface Options extends OpenOptions, Pick<LocalBackendOptions, "system" | "layout"> {}

/** Opens the registry of a folder. */
export function open(
  root: string,
  { system, layout, ...options }: Options = {},
): Promise<Registry> {
  return openRegistry(createLocalBackend({ path: root, system, layout }), options);
}

/** A registry of `a`: 1.0.0 to 3.0.0, and many above that were deleted. */
export async function withDead(root: string, options: Options = {}): Promise<Registry> {
  const registry = await open(root, options);
  for (let n = 1; n <= 3 + MANY; n++) await registry.save("a", n);
  for (let n = 4; n <= 3 + MANY; n++) await registry.delete(`a@${n}.0.0`);
  return registry;
}

/** The objects of notes of `a`: those that were begun, and those that were decided. */
export function notes(root: string): { begun: number; decided: number } {
  const folder = join(root, "dead/a");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const begun = names.filter((name) => name.endsWith(".begun")).length;
  return { begun, decided: names.length - begun };
}

/** What is alive, by a walk through everything. */
export async function truly(registry: Registry, name = "a"): Promise<string[]> {
  const all = await Array.fromAsync(
    versionHeads(contextOf(registry, "look"), name, { deleted: true }),
  );
  return all.filter(({ head }) => !head.dead).map(({ version }) => version.canonical);
}

/** What `versions()` gives. */
export async function versions(registry: Registry, range?: string): Promise<string[]> {
  return (await Array.fromAsync(registry.versions("a", { range }))).map(({ version }) => version);
}

/** What is seen by all ways is what a walk through everything sees. */
export async function assertSeen(registry: Registry, latest: string): Promise<void> {
  assertEquals((await registry.info("a")).version, latest);
  assertEquals(await versions(registry), await truly(registry));
  const releases = (await truly(registry)).filter((version) => !version.includes("-"));
  assertEquals(await versions(registry, ">=0.0.0"), releases);
}
