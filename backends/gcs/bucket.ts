// The bucket itself: created on request, and checked if a 404 may mean the object or the bucket.
import { isRegistryError } from "../../core/errors.ts";
import { type ApiCall, type ApiOptions, GcsApi, objectPath } from "./api.ts";
import { missingBucket } from "./errors.ts";
import type { HttpReply } from "./exchange.ts";

interface BucketApiOptions extends ApiOptions {
  create: boolean | { location?: string };
}

/** Calls to a bucket, which is created before the first one on request. */
export class BucketApi extends GcsApi {
  readonly #options: BucketApiOptions;
  #seen = false;
  #making: Promise<void> | undefined;

  constructor(options: BucketApiOptions) {
    super(options);
    this.#options = options;
  }

  override async call(call: ApiCall): Promise<HttpReply> {
    call.signal?.throwIfAborted();
    if (this.#options.create !== false && !this.#seen) await this.#ready();
    const { bucket, location: backend } = this.place;
    const missing = () => missingBucket(bucket, { ...call, backend });
    try {
      const reply = await super.call(call);
      if (reply.status === 404 && !this.#seen && !await this.#isThere(call)) throw missing();
      this.#seen = true;
      return reply;
    } catch (error) {
      // Calls that do not accept a 404 are about the bucket.
      throw isRegistryError(error, "NotFound") ? missing() : error;
    }
  }

  async #ready(): Promise<void> {
    await (this.#making ??= this.#make().catch((error) => {
      this.#making = undefined;
      throw error;
    }));
  }

  async #make(): Promise<void> {
    const { create, signIn } = this.#options;
    const action = "create bucket of";
    if (await this.#isThere({ action })) return;
    const resource = { ...(typeof create === "object" ? create : {}), name: this.place.bucket };
    await super.call({
      action,
      method: "POST",
      path: "/storage/v1/b",
      query: { project: await signIn.projectId() },
      headers: { "content-type": "application/json" },
      body: [new TextEncoder().encode(JSON.stringify(resource))],
      answers: [409],
    });
  }

  /** Returns false if the bucket does not exist; true if this account may not know. */
  async #isThere(
    { action, key, signal }: Pick<ApiCall, "action" | "key" | "signal">,
  ): Promise<boolean> {
    const reply = await super.call({
      action,
      key,
      method: "GET",
      path: objectPath(this.place),
      query: { maxResults: 1, fields: "nextPageToken" },
      repeatable: true,
      answers: [403, 404],
      signal,
    });
    return reply.status !== 404;
  }
}
