// Removing objects.
import type { CallOptions } from "../../core/backend.ts";
import { objectPath } from "./api.ts";
import type { GcsApi } from "./api.ts";

/** Removes an object; a missing one is a success. The tag of an object is its generation. */
export async function deleteObject(
  api: GcsApi,
  key: string,
  { ifEtag, signal }: CallOptions & { ifEtag?: string },
): Promise<void> {
  await api.call({
    action: "delete",
    key,
    method: "DELETE",
    path: objectPath(api.place, api.place.nameOf(key)),
    query: { ifGenerationMatch: ifEtag },
    answers: [404],
    repeatable: true,
    signal,
  });
}
