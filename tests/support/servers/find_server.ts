// Finds the binaries of the servers.
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "@std/path";
import { realSystem, type System } from "../../../core/system.ts";
import { type ServerKind, SERVERS } from "./server_kinds.ts";

/**
 * The folder where `deno task servers` installs them, outside any checkout: `$XDG_CACHE_HOME/holdfast/servers`. It is
 * absolute, for they are built and started in other folders than this one; an empty variable counts as none.
 */
export function serversFolder(system: System = realSystem): string {
  const named = system.env("HOLDFAST_SERVERS_DIR");
  if (named) return resolve(named);
  const cache = system.env("XDG_CACHE_HOME") || join(system.env("HOME") || homedir(), ".cache");
  return resolve(cache, "holdfast", "servers");
}

/** The path of a server's binary, or undefined where it is not installed. */
export function findServer(kind: ServerKind, system: System = realSystem): string | undefined {
  const path = join(serversFolder(system), SERVERS[kind].binary);
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
}
