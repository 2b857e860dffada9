// The bucket itself: whether it is there, and making it.
import type { S3Wire } from "./wire.ts";
import type { S3Contact } from "./contact.ts";
import { type FailedCall, failureOf, s3Error } from "./errors.ts";
import { call, callError, type S3Store } from "./store.ts";

/** Throws `NotFound` where the bucket does not exist. */
export async function checkBucket(store: S3Store, signal?: AbortSignal): Promise<void> {
  try {
    await call(store, "HeadBucket", {}, { action: "find the bucket", signal });
  } catch (error) {
    const { status } = failureOf(error) ?? {};
    if (status === 404) {
      const missing = { name: "NoSuchBucket", message: "", $metadata: { httpStatusCode: 404 } };
      throw callError(store, missing, { action: "use the store" });
    }
    if (status === undefined || status >= 500) throw error; // a 403 may only mean that buckets must not be looked at
  }
}

export interface BucketPlan {
  contact: S3Contact;
  bucket: string;
  region?: string;
  /** The `location` of the backend. */
  location: string;
}

/** Makes the bucket before the first request, unless it is there; when that failed, again before the next. */
export function createBucketMaker(
  wire: S3Wire,
  { contact, bucket, region, location }: BucketPlan,
): S3Store["ready"] {
  const input = { Bucket: bucket };
  const call: FailedCall = { action: "create the bucket", backend: location, bucket };
  let made: Promise<void> | undefined;
  const make = async () => {
    try {
      await contact.findCredentials(wire);
      await wire.send("HeadBucket", input, {});
      return;
    } catch (error) {
      const failure = failureOf(s3Error(error, call));
      if (failure?.status !== 404) throw contact.told(s3Error(error, call));
    }
    try {
      const placed = region === undefined || region === "us-east-1" || region === "auto"
        ? {}
        : { CreateBucketConfiguration: { LocationConstraint: region } };
      await wire.send("CreateBucket", { ...input, ...placed }, {});
    } catch (error) {
      const failure = failureOf(s3Error(error, call));
      if (failure?.name !== "BucketAlreadyOwnedByYou") throw contact.told(s3Error(error, call));
    }
  };
  return (signal) => {
    signal?.throwIfAborted();
    return made ??= make().catch((error) => {
      made = undefined;
      throw error;
    });
  };
}
