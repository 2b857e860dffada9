/**
 * The server, which only `holdfast serve` needs. Types of it are from files that import no package.
 *
 * @module
 */
import type { Registry } from "../../mod.ts";
import { loadPart } from "../places/load_part.ts";
import type { Handler, HandlerOptions } from "../server/options.ts";

/** What is used of `apps/server.ts`. */
export interface ServerPart {
  createHandler(registry: Registry, options?: HandlerOptions): Handler;
}

/**
 * Imports the server.
 *
 * @throws {RegistryError} `Denied` where Deno may not read this library
 */
export async function loadServerPart(): Promise<ServerPart> {
  return await loadPart("apps/server.ts", "the server");
}
