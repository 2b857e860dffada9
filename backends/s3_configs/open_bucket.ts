// Lazy import of the S3 driver, whose package must not be downloaded before it is needed.
import type { Backend } from "../../core/backend.ts";
import { loadPart, orImport } from "../../core/urls/load_part.ts";
import type { Logger } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import type { S3Credentials } from "../s3/credentials.ts";
import type { S3Config } from "./s3_config.ts";

/** The options of the driver that are used here. */
export interface BucketOptions {
  provider: string;
  bucket: string;
  prefix?: string;
  endpoint?: string;
  region?: string;
  /** @default found by the SDK */
  credentials?: S3Credentials | "anonymous" | (() => S3Credentials | Promise<S3Credentials>);
  putOptions?: Record<string, unknown>;
  requesterPays?: boolean;
  createBucket?: boolean;
  retryForMs?: number;
  logger?: Logger;
  system?: System;
}

/** Importing the types of the driver would make its package a dependency of every importer. */
interface S3Driver {
  createS3Backend(options: BucketOptions): Backend;
}

export async function openBucket(options: BucketOptions): Promise<Backend> {
  const loading = loadPart<S3Driver>("../s3.ts", import.meta.url);
  const { createS3Backend } = await orImport("backends/s3", loading);
  const present = Object.entries(options).filter(([, value]) => value !== undefined);
  return createS3Backend(Object.fromEntries(present) as unknown as BucketOptions);
}

export function toCredentials(
  { accessKeyId, secretAccessKey, sessionToken, expiration }: S3Config,
): S3Credentials {
  return { accessKeyId, secretAccessKey, sessionToken, expiration };
}
