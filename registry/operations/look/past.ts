// What was in a registry on a store: its tombstones tell what was deleted, and when.
import { type DeletedVersion, type Past, refAsOf as refByPast } from "../../contract/as_of.ts";
import { parseRef, type Ref } from "../../../core/naming/refs.ts";
import type { TombstoneRecord } from "../../../core/record.ts";
import type { SignalOptions } from "../../../core/registry.ts";
import { aliasHistory } from "../aliases.ts";
import { readRecord, versionHeads } from "../../cell/heads.ts";
import { firstSavedAt } from "../../cell/since.ts";
import { listVersions } from "../listing.ts";
import { artifactInfo } from "../load.ts";
import type { Context } from "../context.ts";
import { locate } from "../resolve.ts";

/** The version that a ref meant at a moment. `NotFound` where it meant none, or one that is not there any more. */
export function refAsOf(
  context: Context,
  ref: Ref,
  asOf: Date,
  { signal }: SignalOptions,
): Promise<Ref> {
  return refByPast(pastOf(context), ref, { asOf, signal });
}

function pastOf(context: Context): Past {
  return {
    info: async (ref, { signal } = {}) =>
      await artifactInfo(context, await locate(context, parseRef(ref), signal), signal),
    history: (name, alias, options) => aliasHistory(context, { name, alias }, options),
    versions: (name, options) => listVersions(context, name, options),
    deletions: (name, signal) => deletions(context, name, signal),
    firstSavedAt: async (name, version, signal) =>
      firstSavedAt((await locate(context, parseRef(name, version), signal)).record),
  };
}

/** The versions of a name that were deleted, newest version first, as long as their tombstones stay. */
export async function* deletions(
  context: Context,
  name: string,
  signal?: AbortSignal,
): AsyncGenerator<DeletedVersion> {
  for await (const { version, head } of versionHeads(context, name, { deleted: true, signal })) {
    if (!head.dead) continue;
    const record = (await readRecord(context, head.key, signal))?.record;
    if (record === undefined) continue; // removed since it was listed
    if (record.kind !== "deleted") continue;
    yield { version, ...deletionOf(record) };
  }
}

export function deletionOf(record: TombstoneRecord): Omit<DeletedVersion, "version"> {
  const savedAt = firstSavedAt(record);
  return { deletedAt: new Date(record.createdAt), ...(savedAt && { savedAt }) };
}
