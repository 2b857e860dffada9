// The registries of services at the addresses that the command line is given.
import { resolve } from "node:path";
import { type FoundRegistry, readToken, readTokenFile } from "../../core/places/mod.ts";
import { createMaterializers, type Logger, type Registry } from "../../mod.ts";
import type { CliIo } from "../terminal/cli_io.ts";

export interface OpenServiceOptions {
  tokenFile?: string;
  /** How long one that does not answer is waited for, milliseconds. @default that of `openHttpRegistry` */
  retryForMs?: number;
  readOnly: boolean;
  io: CliIo;
  logger: Logger;
}

/** Opens the registry of a service. The token is that of `tokenFile`, else the one that is configured. */
export async function openService(
  found: FoundRegistry,
  options: OpenServiceOptions,
): Promise<Registry> {
  const { io: { cwd, signal, system }, readOnly, retryForMs, logger, tokenFile } = options;
  const token = tokenFile === undefined
    ? await readToken(found, { system })
    : await readTokenFile(resolve(cwd, tokenFile));
  const { openHttpRegistry } = await import("../http_client.ts");
  const materializers = createMaterializers();
  const how = { token, readOnly, materializers, retryForMs, signal, system, logger };
  return await openHttpRegistry(found.location, how);
}
