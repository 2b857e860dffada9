// A registry behind a service of its own, for one test.
import { createHandler } from "../../../apps/server.ts";
import { openHttpRegistry } from "../../../apps/http_client.ts";
import type { HttpRegistryOptions } from "../../../apps/http_client.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import type { Backend, OpenOptions, Registry } from "../../../mod.ts";
import { createMaterializers } from "../../../materializers/mod.ts";

/** A service and what is behind it. */
export interface TestService {
  /** Answers requests. */
  handler(request: Request): Promise<Response>;
  /** What is behind it. */
  behind: Registry;
  /** The store of it. */
  backend: Backend;
  /** Opens the registry of the service, in this process. */
  open(options?: HttpRegistryOptions): Promise<Registry>;
  /** Ends both. */
  close(): Promise<void>;
}

/** The address that requests go to which no network sees. */
export const ADDRESS = "http://127.0.0.1";

/** Starts a service in this process, on a store of its own or one that is given. */
export async function startService(
  { backend = createMemoryBackend(), ...settings }: OpenOptions & { backend?: Backend } = {},
): Promise<TestService> {
  const behind = await openRegistry(backend, settings);
  const handler = createHandler(behind);
  return {
    handler,
    behind,
    backend,
    open: (options) =>
      openHttpRegistry(ADDRESS, {
        fetch: handler,
        materializers: createMaterializers(),
        ...options,
      }),
    async close() {
      await handler.close();
      await behind[Symbol.asyncDispose]();
    },
  };
}
