// A place of one test in the bucket of a real server, with a proxy before it.
import { createGcsBackend, type GcsBackendOptions } from "../../backends/gcs.ts";
import { createS3Backend, type S3BackendOptions } from "../../backends/s3.ts";
import type { Backend } from "../../core/backend.ts";
import { realSystem, type System } from "../../core/system.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";
import { type RunningServer, type ServerKind, serverTest } from "../support/servers/mod.ts";

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

/** The setup of a test. */
export interface ServerWorld {
  /** The server. */
  readonly server: RunningServer;
  /** Proxy of the server, which forwards all requests until a plan changes that. */
  readonly proxy: Proxy;
  /** A part of the bucket that only this test uses. */
  readonly prefix: string;
  /** Creates a store there, directly. */
  store(options?: StoreOptions): Backend;
  /** Creates a store there, by way of the proxy. */
  proxied(options?: StoreOptions): Backend;
}

/** The address and credentials of a server. */
export type ServerPlace = Pick<
  RunningServer,
  "kind" | "protocol" | "endpoint" | "bucket" | "region" | "accessKey" | "secretKey" | "ca"
>;

/** Creates a store in the bucket of a server. */
export function createServerStore(server: ServerPlace, options: StoreOptions): Backend {
  const { s3, gcs, ...common } = options;
  const { bucket, endpoint } = server;
  if (server.protocol === "gcs") {
    return createGcsBackend({ bucket, endpoint, projectId: "test", ...common, ...gcs });
  }
  return createS3Backend({
    provider: server.kind === "minio" ? "minio" : "s3",
    bucket,
    endpoint,
    region: server.region,
    credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
    ca: server.ca,
    ...common,
    ...s3,
  });
}

/** The URL of a prefix in the bucket of a server, and the variables by which it is reached. */
export function locationOn(
  { kind, protocol, bucket, endpoint, region, accessKey, secretKey }: ServerPlace,
  prefix: string,
): { url: string; env: Record<string, string> } {
  if (protocol === "gcs") return { url: `gs://${bucket}/${prefix}?endpoint=${endpoint}`, env: {} };
  const scheme = kind === "minio" ? "minio" : "s3";
  const stem = `${scheme}_${bucket}`.toUpperCase();
  const env = { [`${stem}_ACCESS_KEY`]: accessKey, [`${stem}_SECRET_KEY`]: secretKey };
  if (kind === "minio") {
    env[`${stem}_ENDPOINT`] = endpoint;
    return { url: `minio://${bucket}/${prefix}`, env };
  }
  return { url: `s3://${bucket}/${prefix}?endpoint=${endpoint}&region=${region}`, env };
}

/** The server of {@linkcode createServerStore}, as arguments of a program. */
export function placeOf(server: ServerPlace): ServerPlace {
  const { kind, protocol, endpoint, bucket, region, accessKey, secretKey, ca } = server;
  return { kind, protocol, endpoint, bucket, region, accessKey, secretKey, ca };
}

/** Tests a sentence on each of these servers. */
export function testOnServers(
  name: string,
  kinds: ServerKind | readonly ServerKind[],
  body: (world: ServerWorld) => Promise<void>,
): void {
  serverTest(name, kinds, async (server) => await inServerWorld(server, body));
}

/** Gives `body` a place in the bucket of a server. */
export async function inServerWorld(
  server: RunningServer,
  body: (world: ServerWorld) => Promise<void>,
): Promise<void> {
  const prefix = `test-${realSystem.id()}`;
  const stores: Backend[] = [];
  const store = (options: StoreOptions = {}) => {
    const made = createServerStore(server, { prefix, ...options });
    stores.push(made);
    return made;
  };
  const proxy = await startProxy(server.endpoint);
  try {
    await body({
      server,
      proxy,
      prefix,
      store,
      proxied: (options) => store({ endpoint: proxy.endpoint, ...options }),
    });
  } finally {
    for (const made of stores) await made[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  }
}
