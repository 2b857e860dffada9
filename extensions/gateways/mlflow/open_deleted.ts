// Deleted versions, whose files are there for the grace period: clients read runs that were deleted.
import type { Artifact, Registry } from "../../../mod.ts";
import { parseVersion } from "../../../core/kernel.ts";
import { knownRecords, LAYOUT } from "../../../registry/records.ts";

/**
 * Opens a version that was deleted; undefined if its record is gone. Its files are missing once they
 * are collected.
 */
export async function openDeleted(
  registry: Registry,
  { name, version }: { name: string; version: string },
): Promise<Artifact | undefined> {
  const context = knownRecords(registry);
  if (context === undefined) return undefined; // the client of another service
  const cell = LAYOUT.versionCell(name, parseVersion(version), context.settings.versioned);
  for await (const found of context.history(cell)) { // the newest first
    const { head, record } = found;
    if (record.kind !== "version" || await context.isVoid(found)) continue;
    const located = { cell, generation: head.generation, head, found, record };
    return context.artifact(await context.source(located), { verify: "integrity" });
  }
}
