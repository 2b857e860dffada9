// Uploads belong to the token that began them. Any other is as unknown as a missing one.
import { notFound, orMissing, type RegistryError } from "../../../core/errors.ts";
import type { ResumableUploads, UploadState } from "../../../extensions/transfers/mod.ts";
import type { Access } from "../access/access.ts";

/** Returns the state of an upload. Throws {@linkcode noUpload} if it is not one of the sender. */
export async function stateOfOwn(
  uploads: Pick<ResumableUploads, "state">,
  id: string,
  access: Access,
): Promise<UploadState> {
  const state = await orMissing(uploads.state(id));
  if (state === undefined || !access.owns(state.owner)) throw noUpload(id);
  return state;
}

/** Returns the error of an upload that does not exist, or belongs to another token. */
export function noUpload(upload: string): RegistryError {
  return notFound("find upload", JSON.stringify(upload), "it does not exist", {
    hint:
      "It was saved or removed, or it has expired. If no version was saved, create another upload.",
  });
}
