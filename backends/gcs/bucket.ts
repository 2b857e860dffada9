// The bucket itself: made if asked for, and looked for where "not found" could mean the object or
// the bucket.
import type { ApiCall, GcsApi } from "./api.ts";
import { isMissing, objectPath } from "./api.ts";
import { missingBucket } from "./errors.ts";
import type { HttpReply } from "./exchange.ts";

/** What a new bucket is like. */
export interface GcsBucketOptions {
  /** Where it is, as in `EU` or `us-central1`. @default "US", as the store has it */
  location?: string;
  /** Storage class of objects that say none, as in `STANDARD`. */
  storageClass?: string;
}

export interface WithBucketOptions {
  create: boolean | GcsBucketOptions;
  projectId(signal?: AbortSignal): Promise<string>;
}

export function withBucket(api: GcsApi, { create, projectId }: WithBucketOptions): GcsApi {
  const { place } = api;
  let seen = false;
  let making: Promise<void> | undefined;

  /** Whether the bucket is there, as far as this account may know. */
  async function look(
    { action, key, signal }: Pick<ApiCall, "action" | "key" | "signal">,
  ): Promise<boolean> {
    const path = objectPath(place);
    const query = { maxResults: 1, fields: "nextPageToken" };
    const reply = await api.call({
      action,
      key,
      method: "GET",
      path,
      query,
      repeatable: true,
      answers: [403, 404],
      signal,
    });
    return reply.status !== 404;
  }

  async function make(): Promise<void> {
    const action = "create bucket of";
    if (await look({ action })) return;
    const body = [new TextEncoder().encode(JSON.stringify({
      ...(typeof create === "object" ? create : {}),
      name: place.bucket,
    }))];
    const query = { project: await projectId() };
    const headers = { "content-type": "application/json" };
    await api.call({
      action,
      method: "POST",
      path: "/storage/v1/b",
      query,
      headers,
      body,
      answers: [409],
    });
  }

  async function ready(): Promise<void> {
    const started = making ??= make();
    try {
      await started;
    } catch (error) {
      if (making === started) making = undefined;
      throw error;
    }
  }

  async function checked(call: ApiCall): Promise<HttpReply> {
    try {
      const reply = await api.call(call);
      if (reply.status === 404 && !seen && !await look(call)) {
        throw missingBucket(place.bucket, { ...call, backend: place.location });
      }
      seen = true;
      return reply;
    } catch (error) {
      // Calls for which a missing object is no answer are about the bucket.
      throw isMissing(error)
        ? missingBucket(place.bucket, { ...call, backend: place.location })
        : error;
    }
  }

  return {
    ...api,
    async call(call) {
      call.signal?.throwIfAborted();
      if (create !== false && !seen) await ready();
      return await checked(call);
    },
  };
}
