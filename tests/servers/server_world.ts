// A place of one test in the bucket of a real server, with a proxy before it.
import { createGcsBackend, type GcsBackendOptions } from "../../backends/gcs.ts";
import { createS3Backend, type S3BackendOptions } from "../../backends/s3.ts";
import type { Backend } from "../../core/backend.ts";
import { realSystem, type System } from "../../core/system.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";
import { type RunningServer, type ServerKind, serverTest } from "../support/servers/mod.ts";

/** What a test may say about its store: what both drivers take. */
export interface StoreOptions {
  /** Where requests go. @default the server itself */
  endpoint?: string;
  /** What all keys begin with. @default the prefix of this test */
  prefix?: string;
  /** As the driver says. */
  requestTimeoutMs?: number;
  /** As the driver says. */
  retryForMs?: number;
  /** As the driver says. */
  system?: System;
  /** What only the S3 driver takes. */
  s3?: Partial<S3BackendOptions>;
  /** What only the driver of Google Cloud Storage takes. */
  gcs?: Partial<GcsBackendOptions>;
}

/** What a test is given. */
export interface ServerWorld {
  /** The server. */
  readonly server: RunningServer;
  /** Before the server; everything passes until a plan says otherwise. */
  readonly proxy: Proxy;
  /** A part of the bucket that only this test uses. */
  readonly prefix: string;
  /** Creates a store there, directly. */
  store(options?: StoreOptions): Backend;
  /** Creates a store there, by way of the proxy. */
  proxied(options?: StoreOptions): Backend;
}

/** Where a server is, and what it asks for. */
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

/** What {@linkcode createServerStore} needs of a server, for the arguments of a program. */
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
