// Methods that list names and versions, and watch them.
import { parseRef } from "../../../core/naming/refs.ts";
import type { ListingRows } from "../../../core/registry/operations/listing.ts";
import type { OwnMethods } from "../../contract/derived.ts";
import { watchLatest } from "../../contract/watch.ts";
import type { Context } from "../context.ts";
import { listVersions } from "../listing.ts";
import { listNames } from "../names.ts";
import { locate } from "../resolve.ts";

export function listingMethods(context: Context): OwnMethods<ListingRows> {
  return {
    names: (options) => listNames(context, options),
    versions: (name, options) => listVersions(context, name, options),
    watch: (name, options = {}) =>
      watchLatest(name, options, {
        system: context.system,
        latest: async (signal) =>
          (await locate(context, parseRef(name), { ifThere: true, signal }))?.record,
      }),
  };
}
