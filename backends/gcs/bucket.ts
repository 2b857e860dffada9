// The bucket itself: made if asked for, and looked for where "not found" could mean the object or
// the bucket.
import { type ApiCall, type ApiOptions, GcsApi, isMissing, objectPath } from "./api.ts";
import { missingBucket } from "./errors.ts";
import type { HttpReply } from "./exchange.ts";

/** What a new bucket is like. */
export interface GcsBucketOptions {
  /** Where it is, as in `EU` or `us-central1`. @default "US", as the store has it */
  location?: string;
  /** Storage class of objects that say none, as in `STANDARD`. */
  storageClass?: string;
}

export interface BucketApiOptions extends ApiOptions {
  create: boolean | GcsBucketOptions;
}

/** The calls to a bucket: it is made before the first one, if asked for; one that is missing is told of. */
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
    const missing = () =>
      missingBucket(this.place.bucket, { ...call, backend: this.place.location });
    try {
      const reply = await super.call(call);
      if (reply.status === 404 && !this.#seen && !await this.#isThere(call)) throw missing();
      this.#seen = true;
      return reply;
    } catch (error) {
      // Calls for which a missing object is no answer are about the bucket.
      throw isMissing(error) ? missing() : error;
    }
  }

  async #ready(): Promise<void> {
    const started = this.#making ??= this.#make();
    try {
      await started;
    } catch (error) {
      if (this.#making === started) this.#making = undefined;
      throw error;
    }
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

  /** Whether the bucket is there, as far as this account may know. */
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
