// The bucket itself: checks and creation.
import type { S3Wire } from "./wire.ts";
import type { S3Contact } from "./contact.ts";
import { type FailedCall, failureOf, s3Error } from "./errors.ts";
import { call, callError, type S3Store } from "./store.ts";

/** Throws `NotFound` if the bucket does not exist. */
export async function checkBucket(store: S3Store, signal?: AbortSignal): Promise<void> {
  try {
    await call(store, "HeadBucket", {}, { action: "find the bucket", signal });
  } catch (error) {
    const { status } = failureOf(error) ?? {};
    if (status === 404) {
      const missing = { name: "NoSuchBucket", message: "", $metadata: { httpStatusCode: 404 } };
      throw callError(store, missing, { action: "use the store" });
    }
    // 403: the credentials may not inspect buckets.
    if (status === undefined || status >= 500) throw error;
  }
}

/**
 * Creates the bucket before the first request unless it exists; after a failure again before the
 * next.
 */
export function createBucketMaker(
  wire: S3Wire,
  { contact, bucket, region, location }: {
    contact: S3Contact;
    bucket: string;
    region?: string;
    location: string;
  },
): S3Store["ready"] {
  const input = { Bucket: bucket };
  const call: FailedCall = { action: "create the bucket", backend: location, bucket };
  let creation: Promise<void> | undefined;
  const make = async () => {
    try {
      await contact.findCredentials(wire);
      await wire.send("HeadBucket", input, {});
      return;
    } catch (error) {
      const failed = s3Error(error, call);
      if (failureOf(failed)?.status !== 404) throw contact.located(failed);
    }
    try {
      const placed = region === undefined || region === "us-east-1" || region === "auto"
        ? {}
        : { CreateBucketConfiguration: { LocationConstraint: region } };
      await wire.send("CreateBucket", { ...input, ...placed }, {});
    } catch (error) {
      const failed = s3Error(error, call);
      if (failureOf(failed)?.name !== "BucketAlreadyOwnedByYou") throw contact.located(failed);
    }
  };
  return (signal) => {
    signal?.throwIfAborted();
    return creation ??= make().catch((error) => {
      creation = undefined;
      throw error;
    });
  };
}
