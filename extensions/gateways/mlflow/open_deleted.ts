// Deleted versions, whose files are there for the grace period: clients read runs that were deleted.
import type { Artifact, Registry } from "../../../mod.ts";
import { parseVersion } from "../../../core/kernel.ts";
import {
  asGeneration,
  createArtifact,
  headOf,
  isVoid,
  knownContext,
  LAYOUT,
  payloadSource,
  readRecord,
} from "../../../registry/records.ts";

/**
 * Opens a version that was deleted; undefined if its record is gone. Its files are missing once they
 * are collected.
 */
export async function openDeleted(
  registry: Registry,
  { name, version }: { name: string; version: string },
): Promise<Artifact | undefined> {
  const context = knownContext(registry);
  if (context === undefined) return undefined; // the client of another service
  const cell = LAYOUT.versionCell(name, parseVersion(version), context.settings.versioned);
  for await (const entry of context.backend.list(cell)) { // the newest first
    const listed = asGeneration(entry);
    const found = listed && await readRecord(context, listed);
    if (!listed || !found || found.record.kind !== "version") continue;
    if (await isVoid(context, found)) continue;
    const { generation } = listed, { record } = found;
    const located = { cell, generation, head: headOf(listed), found, record };
    return createArtifact(context, await payloadSource(context, located), { verify: "integrity" });
  }
}
