// Copies of registries. The entry point `./maintenance` exports all of it.
import type { Registry } from "../../mod.ts";
import { callFunction } from "../../registry/contract/call_function.ts";
import type { MirrorOptions } from "./mirror.ts";
import type { MirrorReport } from "./report.ts";

export type { MirrorOptions };
export type { MirrorFailure, MirrorItem, MirrorProgress, MirrorReport } from "./report.ts";

/**
 * Copies a registry to another one: versions with their files, metadata, lineage and dates,
 * deletions and aliases. Checks every byte against its SHA-256. Shared files stay shared. A
 * mirrored version has a new commit; `origin` has the original one. Idempotency keys are not
 * copied.
 *
 * Each may be any registry, such as a client of a service; `leftOut` of the report lists what such
 * a registry cannot provide (deletions) or keep (dates).
 *
 * Every release and alias of the target names versions that it has, also during the run and after an
 * interrupted one. Members are copied before their releases, also members of names that were not
 * chosen; then follow aliases, and deletions last. A release whose member failed is a `Conflict`.
 *
 * A repeated run copies only what is missing. A different value is overwritten in a mutable target,
 * and a `Conflict` in `failures` in an immutable one.
 *
 * @throws {RegistryError} `Invalid` for registries that differ in `versioned`, and failures of a
 * whole store. Failures of single versions are in `failures`
 *
 * @example
 * ```ts
 * import { createMemoryBackend, openRegistry } from "@holdfast/holdfast";
 * import { mirrorRegistry } from "@holdfast/holdfast/maintenance";
 * import { assertEquals } from "@std/assert";
 *
 * await using from = await openRegistry(createMemoryBackend());
 * await using to = await openRegistry(createMemoryBackend());
 * await from.save("my:model", { depth: 12 });
 * await from.setAlias("my:model", "production", "1");
 * const { copied, aliases } = await mirrorRegistry(from, to);
 * assertEquals([copied, aliases], [1, 1]);
 * assertEquals(await to.load("my:model@production"), { depth: 12 });
 * ```
 */
export async function mirrorRegistry(
  from: Registry,
  to: Registry,
  options: MirrorOptions = {},
): Promise<MirrorReport> {
  return await callFunction(from, [to, options], {
    name: "mirrorRegistry",
    action: "mirror the registry",
    options: {
      names: {},
      prefix: {},
      rename: {},
      range: {},
      aliases: {},
      deleted: {},
      settings: {},
      verify: {},
      concurrency: {},
      dryRun: {},
      onItem: {},
      onProgress: {},
    },
    here: async () => (await import("./mirror.ts")).mirrorRegistry,
  });
}
