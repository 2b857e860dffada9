// Registries of the cases, with the service of each.
import { createAccess, parseScope } from "../../../apps/server/access/access.ts";
import { createHandler } from "../../../apps/server.ts";
import { createGcsBackend } from "../../../backends/gcs.ts";
import { createS3Backend } from "../../../backends/s3.ts";
import type { Backend } from "../../../core/backend.ts";
import { realSystem } from "../../../core/system.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import type { RunningServer } from "../../support/servers/mod.ts";
import { tempRoot } from "../../support/temp_root.ts";
import type { Location, Store } from "./entry_point.ts";
import { hub } from "../../../extensions/gateways/hub/hub.ts";

export interface Settings {
  mutable?: boolean;
}

/** Creates an empty registry. */
export type NewLocation = (settings: Settings) => Promise<Location & AsyncDisposable>;

export const inFolder: NewLocation = async (settings) => {
  const root = await tempRoot();
  const location = root.join("registry");
  const options = { cache: false, durability: "os" } as const;
  const registry = await openRegistry(location, { ...options, ...settings });
  return locate(registry, root, {
    async use(run) {
      await using opened = await openRegistry(location, options);
      return await run(opened);
    },
    store: { location },
  });
};

export const inMemory: NewLocation = async (settings) =>
  locate(await openRegistry("memory:", settings), await tempRoot());

export function inBucket(server: RunningServer): NewLocation {
  const { backendAt, storeAt } = server.protocol === "gcs" ? inGcs(server) : inS3(server);
  const run = `entry_points/${realSystem.id()}`;
  /** Creating a registry tries the store, which takes longer than a case: each is a copy of one. */
  const empties = new Map<boolean | undefined, Promise<Map<string, Uint8Array>>>();
  const createEmpty = async (settings: Settings) => {
    const empty = backendAt(`${run}/empty-${settings.mutable}`);
    await using _registry = await openRegistry(empty, { cache: false, ...settings });
    const objects = new Map<string, Uint8Array>();
    for await (const entry of empty.list("settings/")) {
      if ("key" in entry) objects.set(entry.key, await (await empty.get(entry.key))!.bytes());
    }
    return objects;
  };
  const copyEmpty = async (prefix: string, settings: Settings) => {
    const known = empties.get(settings.mutable) ?? createEmpty(settings);
    empties.set(settings.mutable, known);
    await using copy = backendAt(prefix);
    for (const [key, bytes] of await known) await copy.put(key, bytes);
  };
  return async (settings) => {
    const prefix = `${run}/${realSystem.id()}`;
    await copyEmpty(prefix, settings);
    const store = storeAt(prefix);
    const system = { ...realSystem, env: (name: string) => store.env?.[name] };
    const options = { cache: false, create: false, system } as const;
    const registry = await openRegistry(store.location, options);
    return locate(registry, await tempRoot(), { store });
  };
}

interface Bucket {
  backendAt(prefix: string): Backend;
  storeAt(prefix: string): Store;
}

function inS3({ endpoint, bucket, accessKey, secretKey, region }: RunningServer): Bucket {
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  const stem = `MINIO_${bucket.toUpperCase()}`;
  const env = {
    [`${stem}_ENDPOINT`]: endpoint,
    [`${stem}_ACCESS_KEY`]: accessKey,
    [`${stem}_SECRET_KEY`]: secretKey,
  };
  const s3 = {
    endpoint_url: endpoint,
    region_name: region,
    aws_access_key_id: accessKey,
    aws_secret_access_key: secretKey,
  };
  return {
    backendAt: (prefix) =>
      createS3Backend({ provider: "minio", endpoint, region, bucket, prefix, credentials }),
    storeAt: (prefix) => ({ location: `minio://${bucket}/${prefix}`, env, s3 }),
  };
}

function inGcs({ endpoint, bucket }: RunningServer): Bucket {
  const query = `?endpoint=${encodeURIComponent(endpoint)}`;
  return {
    backendAt: (prefix) =>
      createGcsBackend({ endpoint, bucket, prefix, credentials: () => "not checked" }),
    storeAt: (prefix) => ({ location: `gs://${bucket}/${prefix}${query}` }),
  };
}

/** Serves a registry when the service is asked for. Both end with the location. */
function locate(
  registry: Registry,
  root: Awaited<ReturnType<typeof tempRoot>>,
  { use = (run) => run(registry), store }: Partial<Pick<Location, "use" | "store">> = {},
): Location & AsyncDisposable {
  const token = "hf_of-the-test";
  const access = createAccess("test", ["admin", "read:*", "write:*"].map(parseScope));
  const find = (header: string | null) =>
    Promise.resolve(header === `Bearer ${token}` ? access : undefined);
  const serve = () => {
    const handler = createHandler(registry, { tokens: { find }, gateways: [hub] });
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
    return { handler, server };
  };
  let service: ReturnType<typeof serve> | undefined;
  return {
    use,
    store,
    token,
    cwd: root.path,
    get url() {
      service ??= serve();
      return `http://127.0.0.1:${service.server.addr.port}`;
    },
    async [Symbol.asyncDispose]() {
      await service?.server.shutdown();
      await service?.handler[Symbol.asyncDispose]();
      await registry.close();
      await root[Symbol.asyncDispose]();
    },
  };
}
