// The server, which only `holdfast serve` needs. Types of it are from files that import no package.
import type { Registry } from "../../../mod.ts";
import { loadPart } from "../../../core/urls/load_part.ts";
import type { TokenCheck, TokenFileOptions } from "../../server/access/token_file.ts";
import type { Listening, ListenOptions } from "../../server/listen/options.ts";
import type { Handler, HandlerOptions } from "../../server/options.ts";

export interface ServerPart {
  createHandler(registry: Registry, options?: HandlerOptions): Handler;
  listen(handler: Handler, options?: ListenOptions): Promise<Listening>;
  openTokenFile(file: string, options?: TokenFileOptions): Promise<TokenCheck>;
}

/**
 * Imports the server.
 *
 * @throws {RegistryError} `Denied` where Deno may not read this library
 */
export async function loadServerPart(): Promise<ServerPart> {
  return await loadPart<ServerPart>("../../server.ts", import.meta.url);
}
