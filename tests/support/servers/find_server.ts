/**
 * Where the binaries of the servers are.
 *
 * @module
 */
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { join } from "@std/path";
import { realSystem, type System } from "../../../core/system.ts";
import { type ServerKind, SERVERS } from "./server_kinds.ts";

/** The folder where `deno task servers` installs them, outside any checkout: `$XDG_CACHE_HOME/holdfast/servers`. */
export function serversFolder(system: System = realSystem): string {
  return system.env("HOLDFAST_SERVERS_DIR") ??
    join(system.env("XDG_CACHE_HOME") ?? join(system.env("HOME") ?? homedir(), ".cache"), "holdfast", "servers");
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
