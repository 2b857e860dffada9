// The door to the S3 driver for those that must not download its package before it is needed.
import type { Backend } from "../../core/backend.ts";
import { loadPart } from "../../core/urls/load_part.ts";
import type { Logger } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import type { S3Credentials } from "../s3/credentials.ts";
import type { S3Config } from "./s3_config.ts";

/** Where a bucket is and how it is reached: the options of the driver that are used here. */
export interface BucketOptions {
  provider: string;
  bucket: string;
  prefix?: string;
  endpoint?: string;
  region?: string;
  /** The keys, or what gives them whenever they are needed. @default as the SDK finds them */
  credentials?: S3Credentials | (() => S3Credentials | Promise<S3Credentials>);
  createBucket?: boolean;
  /** How long what may be sent again is, milliseconds. */
  retryForMs?: number;
  logger?: Logger;
  system?: System;
}

/** The driver as far as it is used here: importing its own types would make its package known to every importer. */
interface S3Driver {
  createS3Backend(options: BucketOptions): Backend;
}

/** Opens a bucket; the driver is imported now. */
export async function openBucket(options: BucketOptions): Promise<Backend> {
  const { createS3Backend } = await loadPart<S3Driver>("../s3.ts", import.meta.url);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return createS3Backend(Object.fromEntries(given) as unknown as BucketOptions);
}

export function toCredentials(
  { accessKeyId, secretAccessKey, sessionToken, expiration }: S3Config,
): S3Credentials {
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(expiration === undefined ? {} : { expiration }),
  };
}
