// Tests over real servers, which say so where a server is not installed.
import { appendFileSync } from "node:fs";
import { realSystem } from "../../../core/system.ts";
import { kindsOfShare } from "../seeds.ts";
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
 * Registers a test for each kind of server: `name (minio)`. The server is shared by the tests of a file: each uses a
 * prefix of its own. A test that kills its server starts one for itself.
 *
 * With `HOLDFAST_DAY`, as in CI, each test runs on one of its servers, on another day on the next one.
 *
 * If the binary is missing, or `HOLDFAST_SERVERS` is `none`, all tests of a file on it are left out together, and one
 * that is ignored says so; `deno task test` counts them instead, in the file that `HOLDFAST_LEFT_OUT` names. With
 * `HOLDFAST_REQUIRE_SERVERS=1` a missing binary is a failure.
 */
export function serverTest(
  name: string,
  kinds: ServerKind | readonly ServerKind[],
  fn: (server: RunningServer) => Promise<void>,
): void {
  if (!ending) Deno.test.afterAll?.(endShared); // other runtimes end the process, and their servers with it
  ending = true;
  for (const kind of typeof kinds === "string" ? [kinds] : kindsOfShare(name, kinds)) {
    // A shared server outlives the test that started it.
    const settings = { sanitizeOps: false, sanitizeResources: false };
    const isMeant = realSystem.env("HOLDFAST_SERVERS") !== "none";
    if (isMeant && findServer(kind) !== undefined) {
      Deno.test({
        name: `${name} (${kind})`,
        ...settings,
        fn: async () => await fn(await sharedServer(kind)),
      });
    } else leaveOut(kind, isMeant && realSystem.env("HOLDFAST_REQUIRE_SERVERS") === "1");
  }
}

const leftOut = new Set<ServerKind>();

function leaveOut(kind: ServerKind, isFailure: boolean): void {
  const counted = realSystem.env("HOLDFAST_LEFT_OUT");
  if (counted && !isFailure) return appendFileSync(counted, `${kind}\n`);
  if (leftOut.has(kind)) return;
  leftOut.add(kind);
  const reason = `${kind} is not built; deno task servers --install builds it`;
  Deno.test({
    name: isFailure ? `the tests on ${kind} run` : `the tests on ${kind} are left out: ${reason}`,
    ignore: !isFailure,
    fn: () => Promise.reject(new Error(`Cannot test: ${reason}`)),
  });
}

async function endShared(): Promise<void> {
  const servers = await Promise.allSettled(shared.values());
  shared.clear();
  for (const started of servers) {
    if (started.status === "fulfilled") await started.value[Symbol.asyncDispose]();
  }
}
