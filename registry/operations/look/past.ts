// The history of a registry on a store, including deleted versions.
import { type DeletedVersion, type Past, refAsOf as refByPast } from "../../../core/calls/as_of.ts";
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

/** Returns the version that a ref meant at a moment. Throws `NotFound` if there is none. */
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
      await artifactInfo(context, await locate(context, parseRef(ref), { signal }), {
        withoutFiles: true,
        signal,
      }),
    history: (name, alias, options) => aliasHistory(context, { name, alias }, options),
    versions: (name, options) => listVersions(context, name, { ...options, withoutFiles: true }),
    deletions: (name, signal) => deletions(context, name, signal),
    firstSavedAt: async (name, version, signal) =>
      firstSavedAt((await locate(context, parseRef(name, version), { signal })).record),
  };
}

/**
 * Lists the deleted versions of a name, newest version first, until their tombstones are removed.
 */
export async function* deletions(
  context: Context,
  name: string,
  signal?: AbortSignal,
): AsyncGenerator<DeletedVersion> {
  for await (const { version, head } of versionHeads(context, name, { deleted: true, signal })) {
    if (!head.dead) continue;
    const record = (await readRecord(context, head.key, signal))?.record;
    if (record?.kind !== "deleted") continue; // removed meanwhile
    yield { version, ...deletionOf(record) };
  }
}

export function deletionOf(record: TombstoneRecord): Omit<DeletedVersion, "version"> {
  const savedAt = firstSavedAt(record);
  return { deletedAt: new Date(record.createdAt), ...(savedAt && { savedAt }) };
}
