// A registry behind a service of its own, for one test.
import { createHandler } from "../../../apps/server.ts";
import { type HttpRegistryOptions, openHttpRegistry } from "../../../apps/client.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import type { Backend, Registry } from "../../../mod.ts";
import type { OpenOptions } from "../../../registry/mod.ts";
import { createMaterializers } from "../../../materializers/mod.ts";

export interface TestService {
  handler(request: Request): Promise<Response>;
  behind: Registry;
  backend: Backend;
  open(options?: HttpRegistryOptions): Promise<Registry>;
  close(): Promise<void>;
}

/** The address that requests go to which no network sees. */
export const ADDRESS = "http://127.0.0.1";

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
