// The bucket of a server as a program of a test opens it: with the driver that it needs, and no server or proxy.
import type { GcsBackendOptions } from "../../../backends/gcs.ts";
import type { S3BackendOptions } from "../../../backends/s3.ts";
import type { Backend } from "../../../core/backend.ts";
import type { System } from "../../../core/system.ts";
import type { RunningServer } from "./start_server.ts";

/** Settings of a test for its store, for both drivers. */
export interface StoreOptions {
  /** Target of the requests. @default the server itself */
  endpoint?: string;
  /** Prefix of all keys. @default the prefix of this test */
  prefix?: string;
  /** Same as the driver's option. */
  requestTimeoutMs?: number;
  /** Same as the driver's option. */
  retryForMs?: number;
  /** Same as the driver's option. */
  system?: System;
  /** Options of the S3 driver. */
  s3?: Partial<S3BackendOptions>;
  /** Options of the driver of Google Cloud Storage. */
  gcs?: Partial<GcsBackendOptions>;
}

/** The address and credentials of a server. */
export type ServerPlace = Pick<
  RunningServer,
  "kind" | "protocol" | "endpoint" | "bucket" | "region" | "accessKey" | "secretKey" | "ca"
>;

/** Opens a store in the bucket of a server, loading only its driver. */
export async function openServerStore(
  server: ServerPlace,
  options: StoreOptions,
): Promise<Backend> {
  if (server.protocol === "gcs") {
    const { createGcsBackend } = await import("../../../backends/gcs.ts");
    return createGcsBackend(gcsOptionsOf(server, options));
  }
  const { createS3Backend } = await import("../../../backends/s3.ts");
  return createS3Backend(s3OptionsOf(server, options));
}

/** Returns the options of the driver of Google Cloud Storage. */
export function gcsOptionsOf(
  { bucket, endpoint }: ServerPlace,
  { s3: _, gcs, ...common }: StoreOptions,
): GcsBackendOptions {
  return { bucket, endpoint, projectId: "test", ...common, ...gcs };
}

/** Returns the options of the driver of S3. */
export function s3OptionsOf(
  { kind, bucket, endpoint, region, accessKey, secretKey, ca }: ServerPlace,
  { s3, gcs: _, ...common }: StoreOptions,
): S3BackendOptions {
  return {
    provider: kind === "minio" ? "minio" : "s3",
    bucket,
    endpoint,
    region,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    ca,
    ...common,
    ...s3,
  };
}

/** The server of a store, as arguments of a program. */
export function placeOf(server: ServerPlace): ServerPlace {
  const { kind, protocol, endpoint, bucket, region, accessKey, secretKey, ca } = server;
  return { kind, protocol, endpoint, bucket, region, accessKey, secretKey, ca };
}
