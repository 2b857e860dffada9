// Copying objects inside the store, and removing them.
import type { CallOptions, ObjectInfo } from "../../core/backend.ts";
import { type GcsApi, objectInfo, objectPath, type ObjectResource, replyJson } from "./api.ts";
import { failure } from "./errors.ts";
import type { GcsPutOptions } from "./put.ts";

interface RewriteStep {
  done: boolean;
  rewriteToken?: string;
  resource?: ObjectResource;
}

/** Copies an object; a large one takes several calls, which go on where the one before ended. */
export async function copyObject(
  { api, putOptions }: { api: GcsApi; putOptions: GcsPutOptions },
  { from, to }: { from: string; to: string },
  { signal }: CallOptions,
): Promise<ObjectInfo> {
  const { place } = api;
  const call = { action: "copy", key: from, backend: place.location };
  let rewriteToken: string | undefined;
  for (;;) {
    const reply = await api.call({
      ...call,
      method: "POST",
      path: `${objectPath(place, place.nameOf(from))}/rewriteTo${
        objectPath(place, place.nameOf(to)).slice("/storage/v1".length)
      }`,
      query: {
        rewriteToken,
        destinationPredefinedAcl: putOptions.predefinedAcl,
        destinationKmsKeyName: putOptions.kmsKeyName,
      },
      answers: [404],
      writes: true,
      signal,
    });
    if (reply.status === 404) {
      throw failure("there is no such object", call, {
        code: "NotFound",
        hint: "Look whether it was removed.",
      });
    }
    const step = replyJson<RewriteStep>(reply, call);
    if (step.done && step.resource !== undefined) return objectInfo(place, step.resource);
    rewriteToken = step.rewriteToken;
    if (rewriteToken === undefined) {
      throw failure("the store neither ended nor goes on", call, {
        code: "Unsupported",
        hint: "This does not look like Google Cloud Storage: check the endpoint.",
      });
    }
  }
}

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
