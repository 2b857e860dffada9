// A registry behind its own service, for one test.
import { createHandler } from "../../../apps/server.ts";
import {
  type HttpRegistryOptions,
  openHttpRegistry,
  type SendRequest,
} from "../../../apps/client.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import type { Backend, Registry } from "../../../mod.ts";
import type { OpenOptions } from "../../../registry/mod.ts";
import { createMaterializers } from "../../../materializers/mod.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";

export interface TestService {
  handler(request: Request): Promise<Response>;
  behind: Registry;
  backend: Backend;
  open(options?: HttpRegistryOptions): Promise<Registry>;
  /** Opens a registry whose requests go through `fetch`, with a scripted clock. */
  through(fetch: SendRequest, retryForMs?: number): Promise<Registry>;
  close(): Promise<void>;
}

type ServiceOptions = OpenOptions & { backend?: Backend };

/** The URL of a service without a network. */
export const ADDRESS = "http://127.0.0.1";

export async function startService(
  { backend = createMemoryBackend(), ...settings }: ServiceOptions = {},
): Promise<TestService> {
  const behind = await openRegistry(backend, settings);
  const handler = createHandler(behind);
  const open = (options?: HttpRegistryOptions) =>
    openHttpRegistry(ADDRESS, {
      fetch: handler,
      materializers: createMaterializers(),
      ...options,
    });
  return {
    handler,
    behind,
    backend,
    open,
    through: (fetch, retryForMs) => open({ fetch, retryForMs, system: createScriptedSystem() }),
    async close() {
      await handler.close();
      await behind[Symbol.asyncDispose]();
    },
  };
}

/** Runs a test with a service, which is closed afterwards. */
export function testService(
  name: string,
  run: (service: TestService) => Promise<void>,
  options?: ServiceOptions,
): void {
  Deno.test(name, async () => {
    const service = await startService(options);
    try {
      await run(service);
    } finally {
      await service.close();
    }
  });
}

/** Throws as `fetch` does when a connection breaks. */
export function loseConnection(): never {
  throw new TypeError("the connection is gone");
}
