// Copies inside the store, and deletes.
import type { CallOptions, CopyObjectOptions, ObjectInfo } from "../../core/backend.ts";
import { parsePlace } from "../../core/urls/store_place.ts";
import { createPlace } from "./place.ts";
import { type GcsApi, objectInfo, objectPath, type ObjectResource, replyJson } from "./api.ts";
import { failure, foreignReply } from "./errors.ts";

interface RewriteStep {
  done: boolean;
  rewriteToken?: string;
  resource?: ObjectResource;
}

/** Copies an object; a large one takes several calls, each continuing the one before. */
export async function copyObject(
  api: GcsApi,
  { from, to }: { from: string; to: string },
  { ifEtag, other, signal }: CopyObjectOptions,
): Promise<ObjectInfo> {
  const { place } = api;
  const source = other ? createPlace(parsePlace(other.location)) : place;
  const call = { action: "copy", key: from, backend: place.location };
  let rewriteToken: string | undefined;
  for (;;) {
    const reply = await api.call({
      ...call,
      method: "POST",
      path: `${objectPath(source, source.nameOf(from))}/rewriteTo${
        objectPath(place, place.nameOf(to)).slice("/storage/v1".length)
      }`,
      query: { rewriteToken, ifSourceGenerationMatch: ifEtag },
      answers: [404],
      writes: true,
      signal,
    });
    if (reply.status === 404) {
      throw failure("object not found", call, {
        code: "NotFound",
        hint: "Check whether it was deleted.",
      });
    }
    const step = replyJson<RewriteStep>(reply, call);
    if (step.done && step.resource !== undefined) return objectInfo(place, step.resource);
    rewriteToken = step.rewriteToken;
    if (rewriteToken === undefined) throw foreignReply("incomplete rewrite without a token", call);
  }
}

/** Deletes an object; a missing one is a success. The tag of an object is its generation. */
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
