/**
 * Tests over real servers, which say so where a server is not installed.
 *
 * @module
 */
import { realSystem } from "../../../core/system.ts";
import { findServer } from "./find_server.ts";
import type { ServerKind } from "./server_kinds.ts";
import { type RunningServer, startServer } from "./start_server.ts";

const shared = new Map<ServerKind, Promise<RunningServer>>();
let ending = false;

/** The server that all tests of a file share: started when the first asks, ended after the last. */
export function sharedServer(kind: ServerKind): Promise<RunningServer> {
  let server = shared.get(kind);
  if (server === undefined) shared.set(kind, server = startServer(kind));
  return server;
}

/**
 * Registers a test for each kind of server: `name (minio)`. Where the binary is missing the test is ignored, and its
 * name says so; with `HOLDFAST_REQUIRE_SERVERS=1` it fails instead. The server is shared by the tests of a file: each
 * uses a prefix of its own. A test that kills its server starts one for itself.
 */
export function serverTest(
  name: string,
  kinds: ServerKind | readonly ServerKind[],
  fn: (server: RunningServer) => Promise<void>,
): void {
  if (!ending) Deno.test.afterAll?.(endShared); // other runtimes end the process, and their servers with it
  ending = true;
  for (const kind of typeof kinds === "string" ? [kinds] : kinds) {
    // A shared server outlives the test that started it.
    const settings = { sanitizeOps: false, sanitizeResources: false };
    if (findServer(kind) !== undefined) {
      Deno.test({ name: `${name} (${kind})`, ...settings, fn: async () => await fn(await sharedServer(kind)) });
      continue;
    }
    const reason = `${kind} is not installed; deno task servers --install installs it`;
    const required = realSystem.env("HOLDFAST_REQUIRE_SERVERS") === "1";
    Deno.test({
      name: required ? `${name} (${kind})` : `${name} (skipped: ${reason})`,
      ignore: !required,
      fn: () => Promise.reject(new Error(`Cannot test: ${reason}`)),
    });
  }
}

async function endShared(): Promise<void> {
  const servers = await Promise.allSettled(shared.values());
  shared.clear();
  for (const started of servers) if (started.status === "fulfilled") await started.value[Symbol.asyncDispose]();
}
