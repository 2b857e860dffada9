// A place of one test in the bucket of a real server, with a proxy before it.
import { createGcsBackend } from "../../backends/gcs.ts";
import { createS3Backend } from "../../backends/s3.ts";
import type { Backend } from "../../core/backend.ts";
import { realSystem } from "../../core/system.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";
import { type RunningServer, type ServerKind, serverTest } from "../support/servers/mod.ts";
import {
  gcsOptionsOf,
  s3OptionsOf,
  type ServerPlace,
  type StoreOptions,
} from "../support/servers/server_store.ts";

export { placeOf, type ServerPlace, type StoreOptions } from "../support/servers/server_store.ts";

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

/** Creates a store in the bucket of a server. */
export function createServerStore(server: ServerPlace, options: StoreOptions): Backend {
  return server.protocol === "gcs"
    ? createGcsBackend(gcsOptionsOf(server, options))
    : createS3Backend(s3OptionsOf(server, options));
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
